import Executors
import MatrixCrypto
import Postgres

/// Runs user-interactive authentication.
///
/// spec: client-server-api#user-interactive-authentication-api
struct InteractiveAuth: Sendable {
  typealias Check =
    @Sendable (AuthStage, AuthAttempt, InteractiveAuthSession) async throws
    -> InteractiveAuthState.Problem?

  /// Milliseconds that a client has to pass all stages.
  static let lifetime: Int64 = 24 * 60 * 60 * 1000
  private static let sessionLength = 24
  private static let sessionLengthLimit = 100

  private let machine: InteractiveAuthMachine
  private let policies: [Policy]
  private let database: Database
  private let clock: any WallClock

  init(
    flows: [[AuthStage]], policies: [Policy] = [], database: Database, clock: any WallClock
  ) {
    machine = InteractiveAuthMachine(flows: flows)
    self.policies = policies
    self.database = database
    self.clock = clock
  }

  /// The session that the client names; a new one, which is not stored yet, when it names none.
  /// - Parameter operation: what the session is for; it cannot be used for anything else.
  /// - Throws: `AccountError.unknownInteractiveAuthSession`, `.operationChanged`.
  func session(
    named id: String?, for operation: String
  ) async throws -> InteractiveAuthSession {
    guard let id else {
      return InteractiveAuthSession(
        id: SecureRandom.string(Self.sessionLength, .letters), operation: operation)
    }
    guard id.utf8.count <= Self.sessionLengthLimit, !id.utf8.contains(0),
      let session = try await InteractiveAuthStore.find(
        id, notBefore: clock.now() - Self.lifetime, on: database)
    else { throw AccountError.unknownInteractiveAuthSession }
    guard session.operation == operation else { throw AccountError.operationChanged }
    return session
  }

  /// Returns the session when the client has passed.
  ///
  /// - Parameters:
  ///   - content: the hash of what is asked for; once a stage is completed it must stay the same.
  ///     Nil when it may change.
  ///   - check: checks the proof of a stage.
  /// - Throws: `AccountError.interactiveAuthRequired`, `.operationChanged`.
  func require(
    _ attempt: AuthAttempt?, in session: InteractiveAuthSession, content: [UInt8]? = nil,
    check: Check
  ) async throws -> InteractiveAuthSession {
    var session = session
    if let known = session.contentHash, let content, known != content {
      throw AccountError.operationChanged
    }
    guard let attempt else { throw try await unfinished(session, nil) }
    switch machine.step(completed: session.completed, attempt: attempt.type) {
    case .passed:
      return session
    case .more(let problem):
      throw try await unfinished(session, problem)
    case .check(let stage):
      if stage == .registrationToken { try await store(&session) }
      if let problem = try await check(stage, attempt, session) {
        throw try await unfinished(session, problem)
      }
      session.completed.append(stage)
      session.contentHash = session.contentHash ?? content
      guard machine.isPassed(session.completed) else {
        throw try await unfinished(session, nil, hasChanged: true)
      }
      // Kept, so that a client that did not get the answer is let through again.
      if session.isStored {
        try await InteractiveAuthStore.setCompleted(session, on: database)
      }
      return session
    }
  }

  private func unfinished(
    _ session: InteractiveAuthSession, _ problem: InteractiveAuthState.Problem?,
    hasChanged: Bool = false
  ) async throws -> AccountError {
    var session = session
    if !session.isStored {
      try await store(&session)
    } else if hasChanged {
      try await InteractiveAuthStore.setCompleted(session, on: database)
    }
    return .interactiveAuthRequired(
      InteractiveAuthState(
        session: session.id, flows: machine.flows, completed: session.completed,
        policies: policies, problem: problem))
  }

  private func store(_ session: inout InteractiveAuthSession) async throws {
    guard !session.isStored else { return }
    let now = clock.now()
    try await InteractiveAuthStore.insert(
      session, now: now, expiredBefore: now - Self.lifetime, on: database)
    session.isStored = true
  }
}
