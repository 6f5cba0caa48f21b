import NIOHTTP1

/// The methods that a route may have.
package enum HTTPMethod: String, Sendable, Hashable, CaseIterable {
  case get = "GET"
  case put = "PUT"
  case post = "POST"
  case delete = "DELETE"
  case options = "OPTIONS"
  case head = "HEAD"
  case patch = "PATCH"

  /// Nil for a method that no route has.
  init?(_ method: NIOHTTP1.HTTPMethod) {
    switch method {
    case .GET: self = .get
    case .PUT: self = .put
    case .POST: self = .post
    case .DELETE: self = .delete
    case .OPTIONS: self = .options
    case .HEAD: self = .head
    case .PATCH: self = .patch
    default: return nil
    }
  }
}
