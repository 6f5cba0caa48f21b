/// Why an account's request was refused. The interfaces turn each case into the error of their
/// protocol; what is wrong with the database itself is thrown as it came.
package enum AccountError: Error, Sendable, Equatable {
  /// `softLogout`: the token has expired, but the device may sign in again and keep its data.
  case unknownToken(softLogout: Bool)
  case registrationDisabled
  case guestAccessDisabled
  /// A guest asked for what only full accounts may do.
  case guestRefused
  case invalidUsername(UsernameFault)
  case userInUse
  case passwordMissing
  case unusablePassword
  case interactiveAuthRequired(InteractiveAuthState)
  case unknownInteractiveAuthSession
  /// A wrong password and an unknown user are one case, so that names cannot be probed.
  case wrongCredentials
  case deactivated
  case unknownDevice
  case unknownProfile
  case notOwnProfile
  /// `field` names the request's key; `limit` counts Unicode scalars.
  case tooLong(field: String, limit: Int)
  /// The text holds what the database cannot keep (a NUL character).
  case unusableText(field: String)
  case sharedSecretDisabled
  case unknownNonce
  case wrongMAC
  /// Too much work of this kind is waiting; the client should try again later.
  case overloaded
  /// The database cannot be asked at the moment.
  case unavailable
}

package enum UsernameFault: Sendable, Equatable {
  case empty
  case forbiddenCharacters
  case leadingUnderscore
  /// All digits: names of guests look so.
  case numeric
  case tooLong
}
