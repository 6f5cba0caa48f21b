package import MatrixIdentifiers
package import Postgres

/// Rooms that nobody of this server may enter, also before they are known here.
package struct BlockedRooms: Sendable {
  private static let select = Statement(
    "blocked_rooms_select", "SELECT user_id FROM blocked_rooms WHERE room_id = $1")
  private static let insert = Statement(
    "blocked_rooms_insert",
    "INSERT INTO blocked_rooms (room_id, user_id) VALUES ($1, $2) ON CONFLICT DO NOTHING")
  private static let delete = Statement(
    "blocked_rooms_delete", "DELETE FROM blocked_rooms WHERE room_id = $1")

  private let database: any Querying

  package init(database: any Querying) {
    self.database = database
  }

  /// Who blocked the room; nil when it is not.
  package func blocker(of room: RoomID) async throws -> UserID? {
    try await database.query(Self.select, [.text(room.text)]).first.flatMap { UserID($0) }
  }

  package func block(_ room: RoomID, by user: UserID) async throws {
    _ = try await database.query(Self.insert, [.text(room.text), .text(user.text)])
  }

  package func unblock(_ room: RoomID) async throws {
    _ = try await database.query(Self.delete, [.text(room.text)])
  }
}

extension Rows {
  fileprivate var first: String? { count > 0 ? text(0, 0) : nil }
}
