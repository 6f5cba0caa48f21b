package import MatrixIdentifiers
package import Postgres
import RoomEvents
package import Streams

/// A user has come into a room, or has ceased to be in it.
package struct JoinChange: Sendable, Hashable {
  package let userID: UserID
  package let roomID: RoomID
  package let isJoined: Bool

  package init(userID: UserID, roomID: RoomID, isJoined: Bool) {
    self.userID = userID
    self.roomID = roomID
    self.isJoined = isJoined
  }

  /// Nil for an event that changes nothing of the kind, such as another display name.
  package init?(_ stored: StoredEvent) {
    guard let row = MembershipRow(stored) else { return nil }
    let isJoined = row.membership == Membership.join
    guard isJoined != (stored.previousMembership == Membership.join) else { return nil }
    self.init(userID: row.userID, roomID: row.roomID, isJoined: isJoined)
  }
}

/// Who has come and gone, from the database.
package struct JoinHistory: Sendable {
  /// Every change of those members whose last one is after a position, back to that position.
  private static let changes = Statement(
    "memberships_changed",
    """
    WITH RECURSIVE changed AS (
      SELECT m.user_id, m.room_id, m.membership, m.stream_ordering AS at
      FROM room_memberships m
      WHERE m.stream_ordering > $3 AND (m.user_id = $1 OR m.room_id = ANY ($2))
      UNION ALL
      SELECT c.user_id, c.room_id, c.membership, e.replaces
      FROM changed c JOIN events e ON e.stream_ordering = c.at
      WHERE e.replaces > $3
    )
    SELECT c.user_id, c.room_id, c.membership, c.at, e.writer, e.replaced
    FROM changed c JOIN events e ON e.stream_ordering = c.at
    ORDER BY c.user_id, c.room_id, c.at
    """)

  private let database: any Querying

  package init(database: any Querying) {
    self.database = database
  }

  /// What became of everybody who came into one of the rooms or left it after a position, and of
  /// the user everywhere; at most one change for a user and room, as of now.
  package func changes(
    in rooms: [RoomID], and user: UserID, since: VectorToken
  ) async throws -> [JoinChange] {
    let rows = try await database.query(
      Self.changes, [.text(user.text), .texts(rooms.map(\.text)), .int(since.minimum)])
    var changes: [JoinChange] = []
    var last: (user: String, room: String)?
    for row in 0..<rows.count {
      guard let name = rows.text(row, 0), let room = rows.text(row, 1),
        let membership = rows.text(row, 2), let at = rows.int(row, 3),
        let writer = rows.int(row, 4)
      else { continue }
      // The first one after the position tells what was before.
      guard last?.user != name || last?.room != room,
        !since.covers(WriterID(raw: Int32(truncatingIfNeeded: writer)), at)
      else { continue }
      last = (name, room)
      let isJoined = membership == Membership.join
      let wasJoined =
        ReplacedState.membership(rows.bytes(row, 5) ?? []) == Membership.join
      guard isJoined != wasJoined, let userID = UserID(name), let roomID = RoomID(room) else {
        continue
      }
      changes.append(JoinChange(userID: userID, roomID: roomID, isJoined: isJoined))
    }
    return changes
  }
}
