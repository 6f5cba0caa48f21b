package import Logging
package import Postgres

/// Removes what nobody will ask for: messages for devices that are gone, and ids of requests that
/// are too old to be repeated.
package struct DeviceMessageCleanup: Sendable {
  /// Rows that one statement removes, inboxes that one looks at.
  static let stepSize = 5_000
  /// Between two times.
  private static let period = Duration.seconds(600)

  private static let forget = Statement(
    "device_messages_forget_transactions",
    """
    DELETE FROM device_message_transactions WHERE ctid = ANY (ARRAY(
      SELECT ctid FROM device_message_transactions
      WHERE done_at < now() - interval '24 hours' LIMIT $1))
    """)
  /// Jumps from inbox to inbox over the index, however many messages each holds.
  private static let look = Statement(
    "device_messages_inboxes",
    """
    WITH RECURSIVE filled AS (
      SELECT (SELECT min(inbox) FROM device_messages WHERE inbox > $1) AS inbox
      UNION ALL
      SELECT (SELECT min(m.inbox) FROM device_messages m WHERE m.inbox > filled.inbox)
      FROM filled WHERE filled.inbox IS NOT NULL
    )
    SELECT inbox, EXISTS (SELECT FROM devices d WHERE d.inbox = filled.inbox)
    FROM filled WHERE inbox IS NOT NULL LIMIT $2
    """)
  private static let remove = Statement(
    "device_messages_remove",
    """
    DELETE FROM device_messages WHERE ctid = ANY (ARRAY(
      SELECT ctid FROM device_messages WHERE inbox = ANY ($1) LIMIT $2))
    """)

  private let database: Database
  private let logger: Logger
  /// Between two steps.
  private let pause: Duration

  package init(database: Database, logger: Logger, pause: Duration = .milliseconds(200)) {
    self.database = database
    self.logger = logger
    self.pause = pause
  }

  /// Works until the task is cancelled.
  package func run() async {
    while !Task.isCancelled {
      do {
        try await clean()
      } catch {
        if !Task.isCancelled {
          logger.debug("cleaning up device messages failed", metadata: ["error": "\(error)"])
        }
      }
      try? await Task.sleep(for: Self.period)
    }
  }

  /// Once through everything.
  /// - Parameter size: rows and inboxes of one step.
  func clean(size: Int = DeviceMessageCleanup.stepSize) async throws {
    let size = Int64(size)
    try await repeatedly(size) { try await database.query(Self.forget, [.int(size)]) }
    var place: Int64? = 0
    while let last = place, !Task.isCancelled {
      let rows = try await database.query(Self.look, [.int(last), .int(size)])
      let inboxes = (0..<rows.count).compactMap { rows.int($0, 0) }
      let orphans = zip(0..., inboxes).filter { rows.bool($0.0, 1) == false }.map(\.1)
      if !orphans.isEmpty {
        try await repeatedly(size) {
          try await database.query(Self.remove, [.ints(orphans), .int(size)])
        }
      }
      place = Int64(inboxes.count) < size ? nil : inboxes.last
    }
  }

  /// Runs a statement until it removes fewer rows than it may.
  private func repeatedly(_ size: Int64, _ remove: () async throws -> Rows) async throws {
    while Int64(try await remove().affectedRows) >= size {
      try await Task.sleep(for: pause)
    }
  }
}
