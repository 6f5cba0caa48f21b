package import Logging
package import Postgres

/// What one process of the fleet does for all: lets dead writers hold nobody back, and removes
/// invalidations that everybody has seen.
package struct StreamsHousekeeping: Sendable {
  private static let settleDead = Statement(
    "streams_settle_dead", "SELECT apus_settle_dead_writers($1, $2)", repeatable: false)
  private static let prune = Statement(
    "streams_prune_invalidations",
    "DELETE FROM cache_invalidations WHERE at < clock_timestamp() - make_interval(secs => $1)")

  private let database: Database
  private let timing: StreamTiming
  private let logger: Logger

  package init(database: Database, timing: StreamTiming = StreamTiming(), logger: Logger) {
    self.database = database
    self.timing = timing
    self.logger = logger
  }

  /// Works until the task is cancelled.
  package func run() async {
    await withDiscardingTaskGroup { group in
      group.addTask { await repeatedly(every: timing.deadWriterSweep, settleDeadWriters) }
      group.addTask { await repeatedly(every: timing.invalidationSweep, pruneInvalidations) }
    }
  }

  /// Moves the positions of writers without a living lease up to the last position drawn, which
  /// also shows the rows of one that died after a commit and before announcing it.
  func settleDeadWriters() async throws {
    for stream in StreamName.allCases {
      guard let sequence = stream.sequence else { continue }
      _ = try await database.query(Self.settleDead, [.text(stream.rawValue), .text(sequence)])
    }
  }

  func pruneInvalidations() async throws {
    let age = InvalidationFeed.rowLifetime / .seconds(1)
    _ = try await database.query(Self.prune, [.double(age)])
  }

  private func repeatedly(
    every period: Duration, _ work: @Sendable () async throws -> Void
  ) async {
    while !Task.isCancelled {
      do {
        try await work()
      } catch {
        if !Task.isCancelled {
          logger.debug("housekeeping of streams failed", metadata: ["error": "\(error)"])
        }
      }
      try? await Task.sleep(for: period)
    }
  }
}
