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
    case .wrongCredentials:
      .forbidden("Invalid username or password")
    case .deactivated:
      MatrixError(
        status: 403, code: .userDeactivated, message: "This account has been deactivated")
    case .unknownDevice:
      .notFound("Unknown device")
    case .unknownProfile:
      .notFound("Profile not found")
    case .notOwnProfile:
      .forbidden("Only a user's own profile can be changed")
    case .tooLong(let field, let limit):
      .invalidParam("\(field) is too long: at most \(limit) characters")
    case .unusableText(let field):
      .invalidParam("\(field) holds a character that is not allowed")
    case .overloaded:
      .limitExceeded(retryAfterMs: Self.overloadRetry)
    case .unavailable:
      .unavailable()
    case .registrationDisabled, .invalidUsername, .userInUse, .passwordMissing, .unusablePassword,
      .interactiveAuthRequired, .unknownInteractiveAuthSession, .sharedSecretDisabled,
      .unknownNonce, .wrongMAC:
      registrationError
    }
  }

  private var registrationError: MatrixError {
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
    case .unknownInteractiveAuthSession:
      .badRequest("Unknown session")
    case .sharedSecretDisabled:
      .badRequest("Shared secret registration is not enabled")
    case .unknownNonce:
      .badRequest("unrecognised nonce")
    case .wrongMAC:
      MatrixError(status: 403, code: .unknown, message: "HMAC incorrect")
    default:
      // Only authentication is left, which a route that offers it answers itself.
      MatrixError(status: 401, code: .unauthorized, message: "Authentication is required")
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
