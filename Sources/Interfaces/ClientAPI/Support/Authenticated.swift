package import Accounts
package import HTTPServing

/// Whether guests may use an endpoint.
///
/// spec: client-server-api#guest-access
package enum GuestPolicy: Sendable {
  case allowed, refused
}

/// Turns a handler that needs to know who asks into a route's handler.
package struct Authenticated: Sendable {
  package typealias Handler = @Sendable (Requester, Request) async throws -> Response

  private let authenticator: Authenticator

  package init(_ authenticator: Authenticator) {
    self.authenticator = authenticator
  }

  package func callAsFunction(
    guests: GuestPolicy = .refused, _ handler: @escaping Handler
  ) -> Route.Handler {
    { [self] request in
      let requester = try await requester(of: request)
      guard guests == .allowed || !requester.isGuest else { throw AccountError.guestRefused }
      return try await handler(requester, request)
    }
  }

  /// - Throws: `M_MISSING_TOKEN`, or an `AccountError`.
  private func requester(of request: Request) async throws -> Requester {
    guard let token = request.bearerToken else { throw MatrixError.missingToken }
    return try await authenticator.requester(token: token, from: request.remoteAddress)
  }
}
