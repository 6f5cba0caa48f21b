package import MatrixJSON
import Synchronization

/// What a handler sees of a request. Copies are one reference, as a request that waits long is
/// held in many places.
package struct Request: Sendable {
  private let storage: RequestStorage

  /// For tests of handlers; a query that does not decode counts as empty.
  package init(
    method: HTTPMethod, path: String, parameters: [(String, String)] = [], query: String = "",
    headers: [(String, String)] = [], body: [UInt8] = [], remoteAddress: String = "",
    id: String = ""
  ) {
    self.init(
      RequestStorage(
        method: method, path: path, parameters: PathParameters(parameters),
        query: QueryParameters(query) ?? .empty, remoteAddress: remoteAddress, id: id,
        headers: headers, body: body))
  }

  init(_ storage: RequestStorage) {
    self.storage = storage
  }

  package var method: HTTPMethod { storage.method }

  /// As it came, without the query; it may hold personal identifiers, so it is not for logs.
  package var path: String { storage.path }

  package var query: QueryParameters { storage.query }

  /// Address text without a port; empty for a peer on a unix socket that forwards nothing.
  package var remoteAddress: String { storage.remoteAddress }

  /// Names the request in logs.
  package var id: String { storage.id }

  /// The decoded path segment that the route's pattern names; empty when the pattern that
  /// matched has no such name.
  package func path(_ name: String) -> String {
    storage.parameters[name] ?? ""
  }

  package var body: [UInt8] { storage.body }

  package func header(_ name: String) -> String? {
    storage.header(name)
  }

  /// The access token of the header or, as older clients send it, of the query.
  // spec: client-server-api#using-access-tokens
  package var bearerToken: String? {
    if let header = storage.header("authorization") {
      return Self.token(in: header)
    }
    guard let token = query["access_token"], !token.isEmpty else { return nil }
    return token
  }

  private static func token(in header: String) -> String? {
    guard let space = header.firstIndex(of: " "),
      header[..<space].lowercased() == "bearer"
    else { return nil }
    let token = header[space...].drop { $0 == " " }
    return token.isEmpty ? nil : String(token)
  }

  /// The body as a JSON object; an empty body counts as `{}`.
  /// - Throws: `M_NOT_JSON` for bytes that are no JSON, `M_BAD_JSON` for other than an object.
  package func json() throws(MatrixError) -> JSONView {
    let body = storage.body
    return try JSONBody.object(body.isEmpty ? JSONBody.emptyObject : body)
  }

  /// Lets go of headers and body, which a handler that will wait long no longer needs.
  package func releaseDetails() {
    storage.release()
  }
}

/// A request's parts; headers and body may be freed before it is answered.
final class RequestStorage: Sendable {
  private struct Details {
    var headers: [(String, String)]
    var body: [UInt8]
  }

  let method: HTTPMethod
  let path: String
  let parameters: PathParameters
  let query: QueryParameters
  let remoteAddress: String
  let id: String
  private let state: Mutex<Details>

  init(
    method: HTTPMethod, path: String, parameters: PathParameters, query: QueryParameters,
    remoteAddress: String, id: String, headers: [(String, String)], body: [UInt8]
  ) {
    self.method = method
    self.path = path
    self.parameters = parameters
    self.query = query
    self.remoteAddress = remoteAddress
    self.id = id
    state = Mutex(Details(headers: headers, body: body))
  }

  var body: [UInt8] { state.withLock { $0.body } }

  func header(_ name: String) -> String? {
    let headers = state.withLock { $0.headers }
    return headers.first { equalIgnoringCase($0.0, name) }?.1
  }

  func release() {
    state.withLock { $0 = Details(headers: [], body: []) }
  }
}

/// Header names compare without regard to ASCII case.
func equalIgnoringCase(_ one: String, _ other: String) -> Bool {
  let first = one.utf8
  let second = other.utf8
  guard first.count == second.count else { return false }
  return zip(first, second).allSatisfy { lowercased($0) == lowercased($1) }
}

private func lowercased(_ byte: UInt8) -> UInt8 {
  byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
}
