package import MatrixIdentifiers

/// What an administrator decides about accounts; made by the runtime from the configuration.
package struct AccountsConfiguration: Sendable {
  package let serverName: ServerName
  /// Whether `POST /register` makes accounts at all.
  package var enableRegistration = false
  /// Whether it is told only at the end of registration that a name is taken.
  package var hidesTakenNames = false
  /// Whether one must know a registration token to register.
  package var registrationRequiresToken = false
  /// What new users must accept; nothing is asked when it is empty.
  package var policies: [Policy] = []
  /// Whether `POST /register?kind=guest` makes guest accounts.
  package var allowGuestAccess = false
  /// The key of `/_synapse/admin/v1/register`; without one that endpoint is disabled.
  package var sharedSecret: String?
  package var passwordPolicy = PasswordPolicy()

  package init(serverName: ServerName) {
    self.serverName = serverName
  }
}
