package import MatrixIdentifiers
package import Postgres

/// All rooms by pages, each with one event of its state.
package enum RoomPages {
  private static let page = Statement(
    "room_pages",
    """
    SELECT r.room_id, e.json
    FROM (SELECT room_id, room_nid FROM rooms WHERE room_id > $1 ORDER BY room_id LIMIT $3) r
    LEFT JOIN state_slots s ON \(StateSlots.isAt("r.room_nid", "$2", "''"))
    LEFT JOIN events e ON e.stream_ordering = s.event
    ORDER BY r.room_id
    """)

  package struct Room: Sendable {
    package let id: RoomID
    /// The current event of the type with an empty state key, as JSON.
    package let event: [UInt8]?
  }

  /// - Parameter room: the last one of the page before; empty to begin with.
  package static func page(
    after room: String, with type: String, limit: Int64, on database: any Querying
  ) async throws -> [Room] {
    let rows = try await database.query(page, [.text(room), .text(type), .int(limit)])
    return (0..<rows.count).compactMap { row in
      rows.text(row, 0).flatMap { RoomID($0) }.map { Room(id: $0, event: rows.bytes(row, 1)) }
    }
  }
}
