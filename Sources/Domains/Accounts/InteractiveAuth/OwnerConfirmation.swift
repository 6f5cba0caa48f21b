package import Executors
import MatrixCrypto
import MatrixIdentifiers
package import Postgres

/// What only the owner of an account may do, and not everybody who has an access token of it.
package struct GuardedOperation: Sendable {
  /// Names the endpoint and what in its path matters.
  package let name: String
  /// The request without its `auth`: it must be the same until the end.
  package let content: [UInt8]
  /// Not asked for again within the time that the administrator allows.
  package let isSkippable: Bool
  /// What was proven for it is good for one time only, also for the same request.
  package let happensOnce: Bool

  package init(
    name: String, content: [UInt8], isSkippable: Bool = false, happensOnce: Bool = false
  ) {
    self.name = name
    self.content = content
    self.isSkippable = isSkippable
    self.happensOnce = happensOnce
  }
}

/// Makes sure, by the password, that it is the owner of an account who asks.
///
/// spec: client-server-api#user-interactive-authentication-api
package struct OwnerConfirmation: Sendable {
  private let auth: InteractiveAuth
  private let passwords: PasswordCheck
  private let skipWindow: Int64
  private let database: Database
  private let clock: any WallClock

  /// - Parameter skipWindow: milliseconds after a confirmation in which a session need not
  ///   confirm again for skippable operations.
  package init(
    passwords: PasswordCheck, skipWindow: Int64 = 0, database: Database, clock: any WallClock
  ) {
    auth = InteractiveAuth(flows: [[.password]], database: database, clock: clock)
    self.passwords = passwords
    self.skipWindow = skipWindow
    self.database = database
    self.clock = clock
  }

  /// Returns when the owner has confirmed the operation.
  /// - Throws: `AccountError.interactiveAuthRequired`, `.unknownInteractiveAuthSession`,
  ///   `.operationChanged`, `.notTheOwner`, `.limitExceeded`.
  package func require(
    _ attempt: AuthAttempt?, of requester: Requester, for operation: GuardedOperation
  ) async throws {
    if operation.isSkippable, try await hasConfirmedLately(requester) { return }
    // A session belongs to one user and one thing to do.
    let session = try await auth.session(
      named: attempt?.session, for: "\(operation.name) \(requester.userID.text)")
    let passed = try await auth.require(
      attempt, in: session, content: SHA256.hash(operation.content)
    ) { _, attempt, _ in
      try await passwords.belongs(attempt.password ?? "", to: attempt.user, requester)
        ? nil : .wrongPassword
    }
    if operation.happensOnce, passed.isStored,
      try await !InteractiveAuthStore.take(passed.id, on: database)
    {
      throw AccountError.unknownInteractiveAuthSession
    }
    if skipWindow > 0 {
      try await TokenStore.setConfirmed(requester.tokenHash, at: clock.now(), on: database)
    }
  }

  private func hasConfirmedLately(_ requester: Requester) async throws -> Bool {
    guard skipWindow > 0,
      let confirmed = try await TokenStore.confirmedAt(requester.tokenHash, on: database)
    else { return false }
    return clock.now() - confirmed < skipWindow
  }
}
