/// Why an account's request was refused. The interfaces turn each case into the error of their
/// protocol; what is wrong with the database itself is thrown as it came.
package enum AccountError: Error, Sendable, Equatable {
  // Who asks.

  /// `softLogout`: the token has expired, but the device may sign in again and keep its data.
  case unknownToken(softLogout: Bool)
  /// A guest asked for what only full accounts may do.
  case guestRefused
  case notAdministrator
  /// The user has asked too often; `retryAfter` in milliseconds.
  case limitExceeded(retryAfter: Int64)

  // Signing in.

  /// A wrong password and an unknown user are one case, so that names cannot be probed.
  case wrongCredentials
  case invalidLoginToken
  case deactivated
  /// The device that was asked for may not have this name.
  case reservedDeviceName

  // Registering.

  case registrationDisabled
  case guestAccessDisabled
  case invalidUsername(UsernameFault)
  case userInUse
  case passwordMissing
  case unusablePassword
  case weakPassword(PasswordPolicy.Fault)
  /// Only the guest that asks can be made a full account.
  case notTheGuest
  case sharedSecretDisabled
  case unknownNonce
  case wrongMAC

  // Interactive authentication.

  case interactiveAuthRequired(InteractiveAuthState)
  case unknownInteractiveAuthSession
  /// The session was begun for something else.
  case operationChanged
  /// Somebody else authenticated than the account's owner.
  case notTheOwner

  // What the request is about.

  case unknownDevice
  case tooManyDevices(limit: Int)
  case unknownProfile
  case unknownProfileField
  case notOwnProfile
  case profileFault(ProfileFault)
  case unknownUser
  case unknownRegistrationToken
  case registrationTokenFault(RegistrationTokenFault)
  /// `field` names the request's key; `limit` counts Unicode scalars.
  case tooLong(field: String, limit: Int)
  /// The text holds what the database cannot keep (a NUL character).
  case unusableText(field: String)

  // The server.

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

package enum ProfileFault: Sendable, Equatable {
  case badKey
  case keyTooLong
  case profileTooLarge
  case mustBeText
  /// It has no canonical form.
  case badValue
}

package enum RegistrationTokenFault: Sendable, Equatable {
  case exists
  case badCharacters
  case badLength
  case negativeUses
  case expired
}
