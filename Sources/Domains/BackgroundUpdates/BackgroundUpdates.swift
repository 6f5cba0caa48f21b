package import Logging
package import Postgres
package import TaskScheduler

package enum BackgroundUpdateError: Error, Sendable, Equatable, CustomStringConvertible {
  case unknownJob(String)
  case isRunning(String)

  package var description: String {
    switch self {
    case .unknownJob(let name): "Invalid job_name: \(name)"
    case .isRunning(let name): "Job \(name) is already in queue of background updates."
    }
  }
}

/// What administrators see and do of background updates, on any worker.
package struct BackgroundUpdates: Sendable {
  /// An update that is not done.
  package struct Pending: Sendable, Equatable {
    package let name: String
    /// Items looked at so far.
    package let items: Int64
    /// Milliseconds that took.
    package let duration: Int64
    /// Of its last try, if that failed.
    package let error: String?
    /// About how many rows its table has.
    package let estimate: Int64?

    package var itemsPerMillisecond: Double {
      Double(items) / Double(max(duration, 1))
    }
  }

  package struct Status: Sendable, Equatable {
    package let isEnabled: Bool
    /// In the order in which they are made.
    package let pending: [Pending]
  }

  private static let uniqueKey = "background_updates"

  private let updates: [BackgroundUpdate]
  private let jobs: [String: [String]]
  private let scheduler: TaskScheduler
  private let database: Database
  private let logger: Logger

  /// - Parameters:
  ///   - updates: all that this version needs, in the order in which they shall be made.
  ///   - jobs: names of updates that may be made again when somebody asks, by the job's name.
  package init(
    _ updates: [BackgroundUpdate], jobs: [String: [String]] = [:], scheduler: TaskScheduler,
    database: Database, logger: Logger
  ) {
    self.updates = updates
    self.jobs = jobs
    self.scheduler = scheduler
    self.database = database
    self.logger = logger
  }

  /// Notes which updates this version needs, tells which of them are not done yet, and sees to
  /// it that they will be.
  /// - Throws: `PostgresError`.
  package func prepare() async throws {
    try await UpdateStore.need(updates, on: database)
    let status = try await status()
    for update in status.pending {
      logger.info(
        "stored data will be brought up to date in the background",
        metadata: [
          "update": "\(update.name)", "done": "\(update.items)",
          "rows": "\(update.estimate.map { "about \($0)" } ?? "not counted yet")",
        ])
    }
    if !status.pending.isEmpty { try await wake() }
  }

  package func status() async throws -> Status {
    let tables = Dictionary(updates.map { ($0.name, $0.table) }) { first, _ in first }
    var pending: [Pending] = []
    for state in try await UpdateStore.pending(on: database) {
      var estimate: Int64?
      if let table = tables[state.name] {
        estimate = try await UpdateStore.size(of: table, on: database)
      }
      pending.append(
        Pending(
          name: state.name, items: state.items, duration: state.duration, error: state.error,
          estimate: estimate))
    }
    return Status(isEnabled: try await isEnabled(), pending: pending)
  }

  package func isEnabled() async throws -> Bool {
    try await UpdateStore.isEnabled(on: database)
  }

  /// A pause begins after the batch under way; an index that is being built is finished.
  package func setEnabled(_ isEnabled: Bool) async throws {
    try await UpdateStore.setEnabled(isEnabled, on: database)
    if isEnabled { try await wake() }
  }

  /// - Throws: `BackgroundUpdateError`, `PostgresError`.
  package func start(job name: String) async throws {
    guard let names = jobs[name] else { throw BackgroundUpdateError.unknownJob(name) }
    guard try await UpdateStore.restart(names, on: database) > 0 else {
      throw BackgroundUpdateError.isRunning(name)
    }
    try await wake()
  }

  private func wake() async throws {
    try await scheduler.schedule(
      RunBackgroundUpdates.action, NoPayload(), uniqueKey: Self.uniqueKey)
  }
}
