package import Executors
import MatrixCrypto
package import Postgres

/// Runs user-interactive authentication for one kind of request.
///
/// spec: client-server-api#user-interactive-authentication-api
package struct InteractiveAuth: Sendable {
  /// Milliseconds that a client has to pass all stages.
  private static let lifetime: Int64 = 24 * 60 * 60 * 1000
  private static let sessionLength = 24
  private static let sessionLengthLimit = 100

  private let operation: String
  private let machine: InteractiveAuthMachine
  private let database: Database
  private let clock: any WallClock

  /// - Parameter operation: keeps a session of one kind of request from being used for another.
  package init(
    operation: String, flows: [[AuthStage]], database: Database, clock: any WallClock
  ) {
    self.operation = operation
    machine = InteractiveAuthMachine(flows: flows)
    self.database = database
    self.clock = clock
  }

  /// The session that the client names; nil when it names none.
  /// - Throws: `AccountError.unknownInteractiveAuthSession`.
  func session(_ attempt: AuthAttempt?) async throws -> InteractiveAuthSession? {
    guard let id = attempt?.session else { return nil }
    guard id.utf8.count <= Self.sessionLengthLimit, !id.utf8.contains(0),
      let session = try await InteractiveAuthStore.find(
        id, operation: operation, notBefore: clock.now() - Self.lifetime, on: database)
    else { throw AccountError.unknownInteractiveAuthSession }
    return session
  }

  /// Returns when the client has passed.
  /// - Throws: `AccountError.interactiveAuthRequired` when it has not.
  func require(_ attempt: AuthAttempt?, in session: InteractiveAuthSession?) async throws {
    let before = session?.completed ?? []
    guard attempt != nil else { throw try await unfinished(session, before, nil) }
    switch machine.step(completed: before, attempt: attempt?.type) {
    case .passed:
      return
    case .more(let completed, let problem):
      throw try await unfinished(session, completed, problem)
    }
  }

  private func unfinished(
    _ session: InteractiveAuthSession?, _ completed: [AuthStage],
    _ problem: InteractiveAuthState.Problem?
  ) async throws -> AccountError {
    let id = session?.id ?? SecureRandom.string(Self.sessionLength, .letters)
    if let session {
      if session.completed != completed {
        try await InteractiveAuthStore.setCompleted(completed, of: id, on: database)
      }
    } else {
      let now = clock.now()
      try await InteractiveAuthStore.insert(
        InteractiveAuthSession(id: id, completed: completed, userID: nil), operation: operation,
        now: now, expiredBefore: now - Self.lifetime, on: database)
    }
    return .interactiveAuthRequired(
      InteractiveAuthState(
        session: id, flows: machine.flows, completed: completed, problem: problem))
  }
}
