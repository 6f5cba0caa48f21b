package import MatrixJSON
package import NIOCore

/// An answer to a request; the server adds framing, CORS and connection headers.
package struct Response: Sendable {
  package static let jsonType = "application/json"
  package static let textType = "text/plain; charset=utf-8"

  enum Body: Sendable {
    case bytes([UInt8])
    case buffer(ByteBuffer)
    /// There is no answer yet.
    case later(Suspension)
  }

  package var status: Int
  /// Nil for an answer without `Content-Type`.
  package var contentType: String?
  /// Further headers; names and values must be ASCII text (control characters are dropped).
  package var headers: [(String, String)]
  var storage: Body

  package init(
    status: Int, contentType: String? = Response.jsonType, headers: [(String, String)] = [],
    body: [UInt8] = []
  ) {
    self.status = status
    self.contentType = contentType
    self.headers = headers
    storage = .bytes(body)
  }

  /// An answer whose bytes are sent without a copy.
  package init(
    status: Int = 200, contentType: String? = Response.jsonType,
    headers: [(String, String)] = [], buffer: ByteBuffer
  ) {
    self.status = status
    self.contentType = contentType
    self.headers = headers
    storage = .buffer(buffer)
  }

  /// Puts the answer off without holding a task.
  package static func later(_ suspension: Suspension) -> Response {
    var response = Response(status: 200)
    response.storage = .later(suspension)
    return response
  }

  package static func json(_ status: Int, _ bytes: [UInt8]) -> Response {
    Response(status: status, body: bytes)
  }

  package static func json(_ status: Int, _ value: JSON) -> Response {
    Response(status: status, body: value.bytes)
  }

  package static func json(_ bytes: [UInt8]) -> Response {
    json(200, bytes)
  }

  package static func json(_ value: JSON) -> Response {
    json(200, value)
  }

  /// The empty JSON object that says "done".
  package static let empty = Response(status: 200, body: [0x7B, 0x7D])

  package static func text(_ status: Int, _ text: String) -> Response {
    Response(status: status, contentType: textType, body: Array(text.utf8))
  }

  package var body: [UInt8] {
    switch storage {
    case .bytes(let bytes): bytes
    case .buffer(let buffer): Array(buffer.readableBytesView)
    case .later: []
    }
  }

  var bodyLength: Int {
    switch storage {
    case .bytes(let bytes): bytes.count
    case .buffer(let buffer): buffer.readableBytes
    case .later: 0
    }
  }
}

extension Response {
  private static let millisecondsPerSecond: Int64 = 1000

  package init(_ error: MatrixError) {
    self.init(status: error.status, body: JSON.object(error.members).bytes)
    if let milliseconds = error.retryAfter {
      let seconds =
        (milliseconds + Self.millisecondsPerSecond - 1) / Self.millisecondsPerSecond
      headers.append(("Retry-After", String(seconds)))
    }
    if let allow = error.allow {
      headers.append(("Allow", allow))
    }
  }
}
