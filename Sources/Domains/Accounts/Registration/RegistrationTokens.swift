package import Executors
import MatrixCrypto
package import Postgres

/// The tokens that administrators give out, and whether one is still good.
package struct RegistrationTokens: Sendable {
  package static let defaultLength: Int64 = 16
  /// Tries at a generated token that nobody has.
  private static let tries = 3
  private static let alphabet = SecureRandom.Alphabet(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~-")

  private let configuration: AccountsConfiguration
  private let database: Database
  private let clock: any WallClock

  package init(configuration: AccountsConfiguration, database: Database, clock: any WallClock) {
    self.configuration = configuration
    self.database = database
    self.clock = clock
  }

  /// - Throws: `AccountError.registrationDisabled`.
  package func isValid(_ token: String) async throws -> Bool {
    guard configuration.enableRegistration else { throw AccountError.registrationDisabled }
    guard RegistrationToken.isWellFormed(token) else { return false }
    let found = try await RegistrationTokenStore.find(token, on: database)
    return found?.isValid(at: clock.now()) ?? false
  }

  /// - Parameter valid: nil lists all.
  package func list(valid: Bool?) async throws -> [RegistrationToken] {
    let now = clock.now()
    return try await RegistrationTokenStore.list(on: database).filter {
      valid == nil || $0.isValid(at: now) == valid
    }
  }

  /// - Throws: `AccountError.unknownRegistrationToken`.
  package func get(_ token: String) async throws -> RegistrationToken {
    guard RegistrationToken.isWellFormed(token),
      let found = try await RegistrationTokenStore.find(token, on: database)
    else { throw AccountError.unknownRegistrationToken }
    return found
  }

  /// - Parameters:
  ///   - token: nil makes one of `length` characters.
  /// - Throws: `AccountError.registrationTokenFault`.
  package func create(
    _ token: String?, length: Int64, usesAllowed: Int64?, expiryTime: Int64?
  ) async throws -> RegistrationToken {
    try check(usesAllowed: usesAllowed, expiryTime: expiryTime)
    if let token {
      guard RegistrationToken.lengthRange.contains(token.utf8.count) else {
        throw AccountError.registrationTokenFault(.badLength)
      }
      guard RegistrationToken.isWellFormed(token) else {
        throw AccountError.registrationTokenFault(.badCharacters)
      }
    } else if !RegistrationToken.lengthRange.contains(Int(clamping: length)) {
      throw AccountError.registrationTokenFault(.badLength)
    }
    for _ in 0..<Self.tries {
      let made = RegistrationToken(
        token: token ?? SecureRandom.string(Int(length), Self.alphabet),
        usesAllowed: usesAllowed, expiryTime: expiryTime)
      if try await RegistrationTokenStore.insert(made, on: database) { return made }
      if token != nil { break }
    }
    throw AccountError.registrationTokenFault(.exists)
  }

  /// - Parameters: nil leaves a value as it is, a nil within removes the limit.
  /// - Throws: `AccountError.unknownRegistrationToken`, `.registrationTokenFault`.
  package func update(
    _ token: String, usesAllowed: Int64??, expiryTime: Int64??
  ) async throws -> RegistrationToken {
    try check(usesAllowed: usesAllowed ?? nil, expiryTime: expiryTime ?? nil)
    guard RegistrationToken.isWellFormed(token),
      let updated = try await RegistrationTokenStore.update(
        token, usesAllowed: usesAllowed, expiryTime: expiryTime, on: database)
    else { throw AccountError.unknownRegistrationToken }
    return updated
  }

  /// - Throws: `AccountError.unknownRegistrationToken`.
  package func delete(_ token: String) async throws {
    guard RegistrationToken.isWellFormed(token),
      try await RegistrationTokenStore.delete(token, on: database)
    else { throw AccountError.unknownRegistrationToken }
  }

  private func check(usesAllowed: Int64?, expiryTime: Int64?) throws {
    if let usesAllowed, usesAllowed < 0 {
      throw AccountError.registrationTokenFault(.negativeUses)
    }
    if let expiryTime, expiryTime < clock.now() {
      throw AccountError.registrationTokenFault(.expired)
    }
  }
}
