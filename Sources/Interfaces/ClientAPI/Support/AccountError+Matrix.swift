package import Accounts
package import HTTPServing
import MatrixJSON

/// The one place that says how clients are told about an `AccountError`.
extension AccountError: MatrixErrorConvertible {
  /// Milliseconds after which a client may try again when hashing of passwords is overloaded.
  private static let overloadRetry: Int64 = 1000

  package var matrixError: MatrixError {
    switch self {
    case .unknownToken(let softLogout):
      .unknownToken(softLogout: softLogout)
    case .guestAccessDisabled, .guestRefused:
      MatrixError(
        status: 403, code: .guestAccessForbidden, message: "Guest access is not allowed")
    case .notAdministrator:
      .forbidden("You are not a server administrator")
    case .limitExceeded(let retryAfter):
      .limitExceeded(retryAfterMs: retryAfter)
    case .wrongCredentials:
      .forbidden("Invalid username or password")
    case .invalidLoginToken:
      .forbidden("Invalid login token")
    case .deactivated:
      MatrixError(
        status: 403, code: .userDeactivated, message: "This account has been deactivated")
    case .reservedDeviceName:
      .forbidden("The device ID is that of a cross-signing key")
    case .overloaded:
      .limitExceeded(retryAfterMs: Self.overloadRetry)
    case .unavailable:
      .unavailable()
    default:
      registrationError ?? authenticationError ?? requestError
    }
  }

  private var registrationError: MatrixError? {
    switch self {
    case .registrationDisabled:
      .forbidden("Registration is disabled")
    case .invalidUsername(let fault):
      .badRequest(fault.explanation, code: .invalidUsername)
    case .userInUse:
      .badRequest("User ID already taken", code: .userInUse)
    case .passwordMissing:
      .missingParam("password")
    case .unusablePassword:
      .invalidParam("Invalid password")
    case .weakPassword(let fault):
      .badRequest(fault.explanation, code: .weakPassword)
    case .notTheGuest:
      .forbidden("Only a guest can be upgraded, and only to the name that it has")
    case .sharedSecretDisabled:
      .badRequest("Shared secret registration is not enabled")
    case .unknownNonce:
      .badRequest("unrecognised nonce")
    case .wrongMAC:
      MatrixError(status: 403, code: .unknown, message: "HMAC incorrect")
    default:
      nil
    }
  }

  private var authenticationError: MatrixError? {
    switch self {
    case .interactiveAuthRequired:
      // A route that offers it answers with the flows itself.
      MatrixError(status: 401, code: .unauthorized, message: "Authentication is required")
    case .unknownInteractiveAuthSession:
      .badRequest("Unknown session")
    case .operationChanged:
      .forbidden("The requested operation has changed since the session was begun")
    case .notTheOwner:
      .forbidden("Somebody else authenticated than the owner of the account")
    default:
      nil
    }
  }

  private var requestError: MatrixError {
    switch self {
    case .unknownDevice: .notFound("Unknown device")
    case .tooManyDevices(let limit): .invalidParam("At most \(limit) devices at once")
    case .unknownProfile: .notFound("Profile not found")
    case .unknownProfileField: .notFound("The profile has no such field")
    case .notOwnProfile: .forbidden("Only a user's own profile can be changed")
    case .profileFault(let fault): .badRequest(fault.explanation, code: fault.code)
    case .unknownUser: .notFound("User not found")
    case .unknownRegistrationToken: .notFound("No such registration token")
    case .registrationTokenFault(let fault): .invalidParam(fault.explanation)
    case .tooLong(let field, let limit):
      .invalidParam("\(field) is too long: at most \(limit) characters")
    case .unusableText(let field):
      .invalidParam("\(field) holds a character that is not allowed")
    default: .internalError
    }
  }
}

extension UsernameFault {
  fileprivate var explanation: String {
    switch self {
    case .empty: "User ID cannot be empty"
    case .forbiddenCharacters: "User ID can only contain the characters a-z, 0-9 and ._=-/+"
    case .leadingUnderscore: "User ID may not begin with _"
    case .numeric: "Numeric user IDs are reserved for guests"
    case .tooLong: "User ID is too long"
    }
  }
}

extension PasswordPolicy.Fault {
  fileprivate var explanation: String {
    switch self {
    case .tooShort(let minimum): "This password is too short: at least \(minimum) characters"
    case .noDigit: "This password has no digit"
    case .noSymbol: "This password has no symbol"
    case .noLowerCase: "This password has no lower-case letter"
    case .noUpperCase: "This password has no upper-case letter"
    }
  }
}

extension ProfileFault {
  fileprivate var code: ErrorCode {
    switch self {
    case .badKey: .invalidParam
    case .keyTooLong: .keyTooLarge
    case .profileTooLarge: .profileTooLarge
    case .mustBeText, .badValue: .badJSON
    }
  }

  fileprivate var explanation: String {
    switch self {
    case .badKey: "Invalid profile key"
    case .keyTooLong: "The profile key is too long"
    case .profileTooLarge: "The profile would be larger than 64 KiB"
    case .mustBeText: "The value must be a string"
    case .badValue: "The value must be canonical JSON"
    }
  }
}

extension RegistrationTokenFault {
  fileprivate var explanation: String {
    switch self {
    case .exists: "There is such a registration token already"
    case .badCharacters: "A registration token may hold only A-Z, a-z, 0-9 and ._~-"
    case .badLength: "A registration token has 1 to 64 characters"
    case .negativeUses: "uses_allowed must not be negative"
    case .expired: "expiry_time must not be in the past"
    }
  }
}
