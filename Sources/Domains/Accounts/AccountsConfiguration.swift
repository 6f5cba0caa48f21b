package import MatrixIdentifiers

/// What an administrator decides about accounts; made by the runtime from the configuration.
package struct AccountsConfiguration: Sendable {
  package let serverName: ServerName
  /// Whether `POST /register` makes accounts at all.
  package let enableRegistration: Bool
  /// Whether `POST /register?kind=guest` makes guest accounts.
  package let allowGuestAccess: Bool
  /// The bcrypt cost: the work of a hash doubles with each round.
  package let bcryptRounds: Int
  /// Added to every password before it is hashed; empty when none is set.
  package let pepper: String
  /// The key of `/_synapse/admin/v1/register`; without one that endpoint is disabled.
  package let sharedSecret: String?

  package init(
    serverName: ServerName, enableRegistration: Bool = false, allowGuestAccess: Bool = false,
    bcryptRounds: Int = 12, pepper: String = "", sharedSecret: String? = nil
  ) {
    self.serverName = serverName
    self.enableRegistration = enableRegistration
    self.allowGuestAccess = allowGuestAccess
    self.bcryptRounds = bcryptRounds
    self.pepper = pepper
    self.sharedSecret = sharedSecret
  }
}
