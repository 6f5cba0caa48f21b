import MatrixIdentifiers
package import Postgres
import RoomEvents

/// Finds the guests among a room's members. Only their own server knows who is one.
package struct GuestStore: Sendable {
  private static let select = Statement(
    "guests_in_room",
    """
    SELECT m.user_id FROM room_memberships m JOIN users u ON u.user_id = m.user_id
    WHERE m.room_id = $1 AND m.membership = '\(Membership.join)' AND u.is_guest
    ORDER BY m.user_id LIMIT $2
    """)

  private let database: any Querying

  package init(database: any Querying) {
    self.database = database
  }

  func guests(in room: RoomID, limit: Int) async throws -> [UserID] {
    let rows = try await database.query(Self.select, [.text(room.text), .int(Int64(limit))])
    return (0..<rows.count).compactMap { rows.text($0, 0).flatMap { UserID($0) } }
  }
}
