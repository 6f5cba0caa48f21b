package import Executors
import MatrixIdentifiers
package import Postgres

/// The interactive authentication of those who register.
package struct RegistrationAuth: Sendable {
  private static let operation = "register"

  /// What those who register must accept.
  package let policies: [Policy]
  private let auth: InteractiveAuth
  private let database: Database
  private let clock: any WallClock

  package init(configuration: AccountsConfiguration, database: Database, clock: any WallClock) {
    policies = configuration.policies
    auth = InteractiveAuth(
      flows: [Self.flow(configuration)], policies: policies, database: database, clock: clock)
    self.database = database
    self.clock = clock
  }

  static func flow(_ configuration: AccountsConfiguration) -> [AuthStage] {
    var flow: [AuthStage] = [.dummy]
    if configuration.registrationRequiresToken { flow.insert(.registrationToken, at: 0) }
    if !configuration.policies.isEmpty { flow.append(.terms) }
    return flow
  }

  /// - Throws: `AccountError.unknownInteractiveAuthSession`, `.operationChanged`.
  func session(of attempt: AuthAttempt?) async throws -> InteractiveAuthSession {
    try await auth.session(named: attempt?.session, for: Self.operation)
  }

  /// Returns the session when the client has passed; name and password may still change until
  /// then.
  /// - Throws: `AccountError.interactiveAuthRequired`.
  func require(
    _ attempt: AuthAttempt?, in session: InteractiveAuthSession
  ) async throws -> InteractiveAuthSession {
    try await auth.require(attempt, in: session, check: check)
  }

  /// A stage that is completed on its fallback page. The request that the session is for is sent
  /// again by the client.
  /// - Returns: nil when the stage is completed.
  /// - Throws: `AccountError.unknownInteractiveAuthSession`, `.operationChanged`.
  ///
  /// spec: client-server-api#fallback
  package func complete(
    _ stage: AuthStage, session id: String, token: String? = nil
  ) async throws -> InteractiveAuthState.Problem? {
    let session = try await auth.session(named: id, for: Self.operation)
    if session.completed.contains(stage) { return nil }
    let attempt = AuthAttempt(type: stage.rawValue, session: id, token: token)
    do {
      _ = try await require(attempt, in: session)
      return nil
    } catch AccountError.interactiveAuthRequired(let state) {
      return state.problem
    }
  }

  /// - Throws: `AccountError.unknownInteractiveAuthSession`, `.operationChanged`.
  package func checkSession(_ id: String) async throws {
    _ = try await auth.session(named: id, for: Self.operation)
  }

  @Sendable
  private func check(
    _ stage: AuthStage, _ attempt: AuthAttempt, _ session: InteractiveAuthSession
  ) async throws -> InteractiveAuthState.Problem? {
    switch stage {
    case .dummy, .terms: return nil
    case .password: return .stageOutOfOrder
    case .registrationToken:
      guard session.registrationToken == nil else { return nil }
      guard let token = attempt.token else { return .registrationTokenMissing }
      guard RegistrationToken.isWellFormed(token) else { return .invalidRegistrationToken }
      return try await reserve(token, for: session.id) ? nil : .invalidRegistrationToken
    }
  }

  /// Sets a use of the token aside, so that no more people begin than may end.
  /// - Returns: false when the token has none left.
  private func reserve(_ token: String, for session: String) async throws -> Bool {
    let now = clock.now()
    do {
      try await database.transaction { transaction in
        // A request of the same session that was quicker has a use for both.
        guard
          try await InteractiveAuthStore.setRegistrationToken(token, of: session, on: transaction)
        else { return }
        guard try await RegistrationTokenStore.reserve(token, now: now, on: transaction) else {
          throw NoUseLeft()
        }
      }
      return true
    } catch is NoUseLeft {
      return false
    }
  }
}

/// Rolls back what was noted for a token that is no longer good.
private struct NoUseLeft: Error {}
