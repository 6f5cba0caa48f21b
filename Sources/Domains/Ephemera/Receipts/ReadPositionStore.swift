package import MatrixIdentifiers
package import Postgres

/// Reads up to where users have read rooms, as unread counts need it.
package struct ReadPositionStore: Sendable {
  private static let select = Statement(
    "receipts_positions",
    """
    SELECT room_id, thread_id, max(event_ordering) FROM receipts
    WHERE user_id = $1 AND room_id = ANY($2) AND event_ordering IS NOT NULL
    GROUP BY room_id, thread_id
    """)

  private let database: any Querying

  package init(database: any Querying) {
    self.database = database
  }

  /// The further of a user's public and private receipt of each thread; thread nil is that of no
  /// thread. Receipts for events that are not known here are left out.
  package func positions(
    of user: UserID, in rooms: [RoomID]
  ) async throws -> [(room: RoomID, thread: String?, ordering: Int64)] {
    let rows = try await database.query(
      Self.select, [.text(user.text), .texts(rooms.map(\.text))])
    return (0..<rows.count).compactMap { row in
      guard let room = rows.text(row, 0).flatMap({ RoomID($0) }), let thread = rows.text(row, 1),
        let ordering = rows.int(row, 2)
      else { return nil }
      return (room, thread.isEmpty ? nil : thread, ordering)
    }
  }
}
