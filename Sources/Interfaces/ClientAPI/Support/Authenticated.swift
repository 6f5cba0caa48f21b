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
  package let limiter: RateLimiter

  package init(_ authenticator: Authenticator, limiter: RateLimiter) {
    self.authenticator = authenticator
    self.limiter = limiter
  }

  /// - Parameter limit: what each request counts for in the budget of its user.
  package func callAsFunction(
    guests: GuestPolicy = .refused, limit: RateLimitName? = nil, _ handler: @escaping Handler
  ) -> Route.Handler {
    { [self] request in
      let requester = try await requester(of: request)
      guard guests == .allowed || !requester.isGuest else { throw AccountError.guestRefused }
      if let limit { try await limiter.check(limit, of: requester) }
      return try await handler(requester, request)
    }
  }

  /// Turns a handler that answers anybody into a route's handler.
  /// - Parameter limit: what each request counts for in the budget of the user whose token it
  ///   has, or else of the address that it comes from.
  package func limited(_ limit: RateLimitName, _ handler: @escaping Route.Handler) -> Route.Handler
  {
    { [self] request in
      if let token = request.bearerToken {
        try await limiter.check(limit, of: try await requester(token: token, of: request))
      } else {
        try await limiter.check(limit, key: request.remoteAddress)
      }
      return try await handler(request)
    }
  }

  /// Who owns a token that came in another place than the request's own.
  /// - Throws: `AccountError.unknownToken`.
  package func requester(token: String, of request: Request) async throws -> Requester {
    try await authenticator.requester(token: token, from: request.remoteAddress)
  }

  /// - Throws: `M_MISSING_TOKEN`, or an `AccountError`.
  private func requester(of request: Request) async throws -> Requester {
    guard let token = request.bearerToken else { throw MatrixError.missingToken }
    return try await requester(token: token, of: request)
  }
}
