package import MatrixIdentifiers

/// What a client gets when it signs in. The tokens are nowhere else in clear.
package struct Session: Sendable {
  package let userID: UserID
  package let deviceID: String
  package let accessToken: String
  /// Only for clients that know how to use one.
  package let refreshToken: String?
  /// Milliseconds until the access token ends; nil when it does not.
  package let expiresIn: Int64?

  init(
    userID: UserID, deviceID: String, accessToken: String, refreshToken: String? = nil,
    expiresIn: Int64? = nil
  ) {
    self.userID = userID
    self.deviceID = deviceID
    self.accessToken = accessToken
    self.refreshToken = refreshToken
    self.expiresIn = expiresIn
  }
}
