package import MatrixIdentifiers
package import Postgres

/// Whether a name could be registered now; it reserves nothing.
package struct UserAvailability: Sendable {
  private let configuration: AccountsConfiguration
  private let database: Database

  package init(configuration: AccountsConfiguration, database: Database) {
    self.configuration = configuration
    self.database = database
  }

  /// - Parameter forAdmin: also while registration is off.
  /// - Returns: the user id that an account of that name would get.
  /// - Throws: `AccountError.registrationDisabled`, `.invalidUsername`, `.userInUse`.
  @discardableResult
  package func check(_ name: String, forAdmin: Bool = false) async throws -> UserID {
    guard configuration.enableRegistration || forAdmin else {
      throw AccountError.registrationDisabled
    }
    let user = try UsernamePolicy.userID(wanted: name, server: configuration.serverName)
    if configuration.hidesTakenNames, !forAdmin { return user }
    guard try await !UserStore.exists(user, on: database) else { throw AccountError.userInUse }
    return user
  }
}
