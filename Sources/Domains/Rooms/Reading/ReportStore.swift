import MatrixIdentifiers
package import Postgres

/// Keeps what users think administrators should look at.
package struct ReportStore: Sendable {
  private static let event = Statement(
    "report_event",
    """
    INSERT INTO event_reports (received_at, reporter, room_id, event_id, reason, score)
    VALUES ($1, $2, $3, $4, $5, $6)
    """, repeatable: false)
  private static let room = Statement(
    "report_room",
    """
    INSERT INTO room_reports (received_at, reporter, room_id, reason) VALUES ($1, $2, $3, $4)
    """, repeatable: false)
  private static let user = Statement(
    "report_user",
    """
    INSERT INTO user_reports (received_at, reporter, target, reason) VALUES ($1, $2, $3, $4)
    """, repeatable: false)

  private let database: any Querying

  package init(database: any Querying) {
    self.database = database
  }

  /// - Parameter now: milliseconds since the epoch, here and below.
  func add(
    _ event: EventID, in room: RoomID, by reporter: UserID, reason: String?, score: Int64?,
    now: Int64
  ) async throws {
    _ = try await database.query(
      Self.event,
      [
        .int(now), .text(reporter.text), .text(room.text), .text(event.text), .text(reason),
        .int(score),
      ])
  }

  func add(_ room: RoomID, by reporter: UserID, reason: String, now: Int64) async throws {
    _ = try await database.query(
      Self.room, [.int(now), .text(reporter.text), .text(room.text), .text(reason)])
  }

  func add(_ target: UserID, by reporter: UserID, reason: String, now: Int64) async throws {
    _ = try await database.query(
      Self.user, [.int(now), .text(reporter.text), .text(target.text), .text(reason)])
  }
}
