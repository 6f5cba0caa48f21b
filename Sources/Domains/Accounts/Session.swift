package import MatrixIdentifiers

/// What a client gets when it signs in. The access token is nowhere else in clear.
package struct Session: Sendable {
  package let userID: UserID
  package let deviceID: String
  package let accessToken: String
}
