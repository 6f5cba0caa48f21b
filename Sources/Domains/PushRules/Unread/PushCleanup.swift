import MatrixIdentifiers
package import Postgres

/// Removes what no count needs any more: rows of `push_actions` that their users have read, but
/// for the newest, which are listed as notifications. A receipt never goes back, so no count can
/// change by that.
package struct PushCleanup: Sendable {
  /// Rows of a user and room that stay although they are read.
  static let kept = 50
  /// Rows that are looked at in one step.
  static let stepSize = 4000

  /// Where a walk through the table has come.
  package struct Place: Sendable, Equatable {
    package let user: String
    package let room: String

    package init(user: String = "", room: String = "") {
      self.user = user
      self.room = room
    }
  }

  private static let look = Statement(
    "push_cleanup_look",
    """
    SELECT user_id, room_id, count(*) FROM (
      SELECT user_id, room_id FROM push_actions WHERE (user_id, room_id) > ($1, $2)
      ORDER BY user_id, room_id LIMIT $3
    ) rows GROUP BY user_id, room_id ORDER BY user_id, room_id
    """)
  private static let delete = Statement(
    "push_cleanup_delete",
    """
    DELETE FROM push_actions a
    USING unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) AS v (u, r, t, read)
    WHERE a.user_id = u AND a.room_id = r AND (t = '' OR a.thread_id = t)
      AND a.stream_ordering <= read AND a.stream_ordering < (
        SELECT k.stream_ordering FROM push_actions k WHERE k.user_id = u AND k.room_id = r
        ORDER BY k.stream_ordering DESC OFFSET $5 LIMIT 1)
    """)

  private let database: Database
  private let positions: any ReadPositions

  package init(database: Database, positions: any ReadPositions) {
    self.database = database
    self.positions = positions
  }

  /// - Parameter size: rows to look at.
  /// - Returns: where to go on; nil at the end of the table.
  package func step(from place: Place, size: Int = PushCleanup.stepSize) async throws -> Place? {
    let rows = try await database.query(
      Self.look, [.text(place.user), .text(place.room), .int(Int64(size))])
    var crowded: [UserID: [RoomID]] = [:]
    var last: Place?
    var seen: Int64 = 0
    for row in 0..<rows.count {
      guard let user = rows.text(row, 0), let room = rows.text(row, 1),
        let count = rows.int(row, 2)
      else { continue }
      last = Place(user: user, room: room)
      seen += count
      if count > Int64(Self.kept), let userID = UserID(user), let roomID = RoomID(room) {
        crowded[userID, default: []].append(roomID)
      }
    }
    try await remove(crowded)
    return seen < Int64(size) ? nil : last
  }

  private func remove(_ crowded: [UserID: [RoomID]]) async throws {
    var read: [(user: UserID, position: ReadPosition)] = []
    for (user, rooms) in crowded {
      read += try await positions.positions(of: user, in: rooms).map { (user, $0) }
    }
    guard !read.isEmpty else { return }
    _ = try await database.query(
      Self.delete,
      [
        .texts(read.map(\.user.text)), .texts(read.map(\.position.room.text)),
        .texts(read.map { $0.position.thread ?? "" }),
        .ints(read.map(\.position.streamOrdering)), .int(Int64(Self.kept - 1)),
      ])
  }
}
