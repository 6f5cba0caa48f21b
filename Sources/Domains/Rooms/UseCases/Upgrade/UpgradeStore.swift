import MatrixIdentifiers
package import Postgres
import RoomEvents

/// Remembers which rooms are to take the place of others from before they are made, so that an
/// upgrade that was cut short is carried on by whoever asks for it again.
package struct UpgradeStore: Sendable {
  struct Replacement: Sendable {
    let roomID: RoomID
    let createEvent: [UInt8]
  }

  private static let insert = Statement(
    "upgrade_insert",
    """
    INSERT INTO room_upgrades
      (room_id, user_id, version, replacement, create_event, created_at)
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING
    """, repeatable: true)
  private static let select = Statement(
    "upgrade_select",
    """
    SELECT replacement, create_event FROM room_upgrades
    WHERE room_id = $1 AND user_id = $2 AND version = $3
    """)

  private static let bans = Statement(
    "upgrade_bans",
    """
    SELECT event_id FROM room_memberships
    WHERE room_id = $1 AND membership = '\(Membership.ban)' ORDER BY stream_ordering DESC LIMIT $2
    """)

  private let database: any Querying

  package init(database: any Querying) {
    self.database = database
  }

  func replacement(
    of room: RoomID, by user: UserID, _ version: RoomVersion
  ) async throws -> Replacement? {
    let rows = try await database.query(
      Self.select, [.text(room.text), .text(user.text), .text(version.id)])
    guard rows.count > 0, let replacement = rows.text(0, 0).flatMap({ RoomID($0) }),
      let event = rows.bytes(0, 1)
    else { return nil }
    return Replacement(roomID: replacement, createEvent: event)
  }

  /// The last events by which users were banned.
  func bans(in room: RoomID, limit: Int) async throws -> [EventID] {
    let rows = try await database.query(Self.bans, [.text(room.text), .int(Int64(limit))])
    return (0..<rows.count).compactMap { rows.text($0, 0).flatMap { EventID($0) } }
  }

  /// Keeps the replacement, unless there is one already.
  /// - Parameter now: milliseconds since the epoch.
  func add(
    _ replacement: Replacement, of room: RoomID, by user: UserID, _ version: RoomVersion,
    now: Int64
  ) async throws {
    _ = try await database.query(
      Self.insert,
      [
        .text(room.text), .text(user.text), .text(version.id), .text(replacement.roomID.text),
        .bytes(replacement.createEvent), .int(now),
      ])
  }
}
