package import MatrixIdentifiers

/// Who makes a request, as proven by an access token.
package struct Requester: Sendable, Hashable {
  package let userID: UserID
  /// Absent only for tokens that were not made by a sign-in.
  package let deviceID: String?
  /// SHA-256 of the access token; the token itself is never kept.
  package let tokenHash: [UInt8]
  package let isAdmin: Bool
  package let isGuest: Bool
  package let rateLimitOverride: RateLimitOverride?

  package init(
    userID: UserID, deviceID: String?, tokenHash: [UInt8], isAdmin: Bool = false,
    isGuest: Bool = false, rateLimitOverride: RateLimitOverride? = nil
  ) {
    self.userID = userID
    self.deviceID = deviceID
    self.tokenHash = tokenHash
    self.isAdmin = isAdmin
    self.isGuest = isGuest
    self.rateLimitOverride = rateLimitOverride
  }
}
