import NIOCore
import Synchronization

package struct TransactionOptions: Sendable {
  package enum Isolation: Sendable {
    case readCommitted
    case repeatableRead
    case serializable
  }

  package var isolation: Isolation
  /// Whether it may write; only then its id is taken, by which a lost COMMIT is looked up.
  package var write: Bool
  /// How often it is run again after a conflict with another transaction.
  package var retries: Int

  package init(isolation: Isolation = .readCommitted, write: Bool = true, retries: Int = 3) {
    self.isolation = isolation
    self.write = write
    self.retries = retries
  }
}

/// What is known of a transaction that was committed together with a last batch.
package enum CommitResult: Sendable {
  /// The answers to the last batch.
  case rows([Rows])
  /// It is committed, but the connection broke before the last batch was answered.
  case answersLost
}

/// A transaction in progress, valid inside the body given to `Database.transaction`.
package final class Transaction: Querying {
  private enum Phase {
    case fresh
    case open
    case ended
  }

  private struct State {
    var phase = Phase.fresh
    var id: Int64?
    var failure: PostgresError?
  }

  let wire: Wire
  private let options: TransactionOptions
  let context: ConnectionContext
  private let resolver: CommitResolver
  private let state = Mutex(State())

  init(
    on wire: Wire, _ options: TransactionOptions, _ context: ConnectionContext,
    _ resolver: CommitResolver
  ) {
    self.wire = wire
    self.options = options
    self.context = context
    self.resolver = resolver
  }

  /// The first error of a statement; the transaction cannot succeed after it.
  var failure: PostgresError? { state.withLock { $0.failure } }

  package func query(_ statement: Statement, _ binds: [Bind]) async throws -> Rows {
    let rows = try await queryAll([Query(statement, binds)])
    guard let first = rows.first else { throw PostgresError.connectionLost }
    return first
  }

  package func queryAll(_ batch: [Query]) async throws -> [Rows] {
    guard !batch.isEmpty else { return [] }
    return try noting(await exchange(batch))
  }

  /// Runs a last batch and commits, in one round trip. When the answer is lost, it is found out
  /// on another connection whether the commit took place.
  /// - Throws: `PostgresError`; `unavailable` means that nothing was committed,
  ///   `commitOutcomeUnknown` that it could not be found out.
  @discardableResult
  package func commit(with batch: [Query] = []) async throws -> CommitResult {
    let (phase, id) = state.withLock { ($0.phase, $0.id) }
    if phase == .fresh {
      if batch.isEmpty {
        state.withLock { $0.phase = .ended }
        return .rows([])
      }
      // The id must be known before COMMIT is sent.
      if options.write { _ = try noting(await exchange([])) }
    } else if phase == .open, options.write, id == nil {
      throw failure ?? Self.hasEnded
    }
    let outcome = await exchange(batch + [Query(TransactionSQL.commit)])
    if case .lost = outcome, let id = state.withLock({ $0.id }) {
      return try await resolve(id)
    }
    var rows = try noting(outcome)
    guard rows.popLast()?.commandTag == "COMMIT" else {
      throw failure ?? PostgresError(.other, "the transaction had failed and was rolled back")
    }
    state.withLock { $0.phase = .ended }
    return .rows(rows)
  }

  /// Commits unless the body has done so itself.
  func conclude() async throws {
    let hasEnded = state.withLock { $0.phase == .ended }
    if !hasEnded { try await commit() }
  }

  /// Rolls back what is not committed.
  func abandon() async {
    let isOpen = state.withLock { state in
      defer { state.phase = .ended }
      return state.phase == .open
    }
    guard isOpen else { return }
    _ = await withCheckedContinuation { continuation in
      context.onLoop { [wire] in
        wire.send(Exchange([Query(TransactionSQL.rollback)], continuation))
      }
    }
  }

  private static let hasEnded = PostgresError(.other, "the transaction has ended")

  private func resolve(_ id: Int64) async throws -> CommitResult {
    state.withLock { $0.phase = .ended }
    switch await resolver.outcome(of: id, openedAt: wire.checkpoint) {
    case .committed: return .answersLost
    case .aborted: throw PostgresError.connectionLost
    case .unknown:
      throw PostgresError(
        .commitOutcomeUnknown, "the connection broke during COMMIT and its outcome is not known")
    }
  }

  /// Sends the batch, preceded by what begins the transaction if nothing did yet.
  private func exchange(_ batch: [Query]) async -> ExchangeOutcome {
    let outcome = await withCheckedContinuation { continuation in
      context.onLoop { [self] in send(batch, continuation) }
    }
    guard case .rows(let rows) = outcome, rows.count > batch.count else { return outcome }
    if options.write {
      let id = rows[TransactionSQL.idPosition].int(0, 0)
      state.withLock { $0.id = id }
    }
    return .rows(Array(rows.suffix(batch.count)))
  }

  private func send(
    _ batch: [Query], _ continuation: CheckedContinuation<ExchangeOutcome, Never>
  ) {
    // Nothing of the transaction can outlive its connection as long as COMMIT was not sent.
    guard !wire.isClosed else { return continuation.resume(returning: .failed(.connectionLost)) }
    let opening: [Query]? = state.withLock { state in
      switch state.phase {
      case .fresh:
        state.phase = .open
        return TransactionSQL.opening(options)
      case .open: return []
      case .ended: return nil
      }
    }
    guard let opening else { return continuation.resume(returning: .failed(Self.hasEnded)) }
    wire.send(Exchange(opening + batch, continuation))
  }

  private func noting(_ outcome: ExchangeOutcome) throws(PostgresError) -> [Rows] {
    do throws(PostgresError) {
      return try outcome.get()
    } catch {
      state.withLock { $0.failure = $0.failure ?? error }
      throw error
    }
  }
}
