import Executors

extension Database {
  /// Delays before a transaction that met a conflict is run again.
  private static let firstRetryDelay = Duration.milliseconds(5)
  private static let longestRetryDelay = Duration.milliseconds(200)

  /// Runs `body` in a transaction and commits it, unless `body` did so itself; rolls back when
  /// it throws. After a conflict with another transaction (40001, 40P01) `body` is run again, so
  /// it must not have effects outside of the transaction.
  ///
  /// The task's cancellation is heeded while waiting for a connection and between tries only.
  /// - Throws: what `body` throws, `PostgresError`, `CancellationError`.
  @discardableResult
  package func transaction<Value: Sendable>(
    _ options: TransactionOptions = TransactionOptions(),
    _ body: @Sendable (Transaction) async throws -> Value
  ) async throws -> Value {
    var backoff = Backoff(first: Self.firstRetryDelay, ceiling: Self.longestRetryDelay)
    var retries = options.retries
    while true {
      let wire = try await pool.acquire()
      let transaction = Transaction(on: wire, options, context, CommitResolver(database: self))
      do {
        let value = try await body(transaction)
        try await transaction.conclude()
        pool.release(wire)
        return value
      } catch {
        await transaction.abandon()
        pool.release(wire)
        guard transaction.failure?.isConflict == true, retries > 0 else { throw error }
        retries -= 1
        try await Task.sleep(for: backoff.delay(random: .random(in: 0..<1)))
      }
    }
  }
}
