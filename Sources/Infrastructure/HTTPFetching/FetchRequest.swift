/// A request to another server or process.
package struct FetchRequest: Sendable {
  package enum Method: String, Sendable, Hashable {
    case get = "GET"
    case put = "PUT"
    case post = "POST"
    case delete = "DELETE"
    case head = "HEAD"
  }

  package static let defaultTimeout = Duration.seconds(30)
  /// Bytes of an answer where the caller says nothing else.
  package static let defaultMaximumResponseBytes = 10 << 20

  package var endpoint: Endpoint
  package var method: Method
  /// With the query, encoded.
  package var path: String
  package var headers: [(String, String)]
  package var body: [UInt8]
  /// From the call to the last byte of the answer, all tries included.
  package var timeout: Duration
  package var maximumResponseBytes: Int
  /// How often it may be sent. A further try is made only when the one before surely did not
  /// reach the server, or when `isIdempotent`.
  package var attempts: Int
  /// Doing it twice is the same as doing it once.
  package var isIdempotent: Bool

  package init(
    endpoint: Endpoint, method: Method, path: String, headers: [(String, String)] = [],
    body: [UInt8] = [], timeout: Duration = FetchRequest.defaultTimeout,
    maximumResponseBytes: Int = FetchRequest.defaultMaximumResponseBytes, attempts: Int = 1,
    isIdempotent: Bool = false
  ) {
    self.endpoint = endpoint
    self.method = method
    self.path = path
    self.headers = headers
    self.body = body
    self.timeout = timeout
    self.maximumResponseBytes = maximumResponseBytes
    self.attempts = attempts
    self.isIdempotent = isIdempotent
  }
}
