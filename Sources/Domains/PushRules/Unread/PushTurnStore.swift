import MatrixIdentifiers
import Postgres

/// Reads whose counts do not follow their room's.
struct PushTurnStore: Sendable {
  private static let apart = Statement(
    "push_turns_apart",
    """
    SELECT room_id, user_id FROM (
      SELECT DISTINCT ON (room_id, user_id) room_id, user_id, follows FROM push_turns
      WHERE room_id = ANY($1) ORDER BY room_id, user_id, stream_ordering DESC
    ) AS latest WHERE NOT follows
    """)

  let database: any Querying

  func apart(in rooms: [RoomID]) async throws -> [RoomID: Set<UserID>] {
    let rows = try await database.query(Self.apart, [.texts(rooms.map(\.text))])
    var apart: [RoomID: Set<UserID>] = [:]
    for row in 0..<rows.count {
      guard let room = rows.text(row, 0).flatMap({ RoomID($0) }),
        let user = rows.text(row, 1).flatMap({ UserID($0) })
      else { continue }
      apart[room, default: []].insert(user)
    }
    return apart
  }
}
