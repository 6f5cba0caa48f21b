/// How long sessions and their tokens last, in milliseconds; nil: for ever.
package struct TokenLifetimes: Sendable, Equatable {
  /// Of access tokens that came with a refresh token.
  package let refreshable: Int64?
  /// Of access tokens of clients that cannot refresh them.
  package let nonrefreshable: Int64?
  /// Of a refresh token that nobody uses.
  package let refresh: Int64?
  /// Of a session, however often it is refreshed: after that its user must sign in again.
  package let session: Int64?

  package init(
    refreshable: Int64? = nil, nonrefreshable: Int64? = nil, refresh: Int64? = nil,
    session: Int64? = nil
  ) {
    self.refreshable = refreshable
    self.nonrefreshable = nonrefreshable
    self.refresh = refresh
    self.session = session
  }

  func sessionEnd(startedAt now: Int64) -> Int64? {
    session.map { now + $0 }
  }

  func accessTokenEnd(isRefreshable: Bool, now: Int64, sessionEnd: Int64?) -> Int64? {
    Self.earlier((isRefreshable ? refreshable : nonrefreshable).map { now + $0 }, sessionEnd)
  }

  func refreshTokenEnd(now: Int64, sessionEnd: Int64?) -> Int64? {
    Self.earlier(refresh.map { now + $0 }, sessionEnd)
  }

  private static func earlier(_ one: Int64?, _ other: Int64?) -> Int64? {
    guard let one, let other else { return one ?? other }
    return min(one, other)
  }
}
