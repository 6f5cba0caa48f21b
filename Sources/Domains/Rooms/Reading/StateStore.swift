package import MatrixIdentifiers
package import Postgres
package import RoomEvents

/// Reads the state of rooms, now and at earlier positions of the stream.
package struct StateStore: Sendable {
  private static let current = Statement(
    "state_current",
    """
    SELECT \(StoredEventRow.columns) FROM current_state s JOIN events e USING (event_id)
    WHERE s.room_id = ANY($1)
    """)
  private static let currentEntries = Statement(
    "state_current_entries",
    """
    SELECT \(StoredEventRow.columns)
    FROM unnest($1::text[], $2::text[], $3::text[]) AS k (room_id, type, state_key)
    JOIN current_state s ON s.room_id = k.room_id AND s.type = k.type
      AND s.state_key = k.state_key
    JOIN events e ON e.event_id = s.event_id
    """)
  private static let at = Statement(
    "state_at",
    """
    SELECT \(StoredEventRow.columns) FROM (
      SELECT DISTINCT ON (type, state_key) event_id FROM state_deltas
      WHERE room_id = $1 AND stream_ordering <= $2
      ORDER BY type, state_key, stream_ordering DESC
    ) d JOIN events e USING (event_id)
    """)
  private static let entriesAt = Statement(
    "state_entries_at",
    """
    SELECT \(StoredEventRow.columns)
    FROM unnest($3::text[], $4::text[]) AS k (type, state_key)
    CROSS JOIN LATERAL (
      SELECT event_id FROM state_deltas s
      WHERE s.room_id = $1 AND s.type = k.type AND s.state_key = k.state_key
        AND s.stream_ordering <= $2
      ORDER BY s.stream_ordering DESC LIMIT 1
    ) d JOIN events e ON e.event_id = d.event_id
    """)
  private static let changes = Statement(
    "state_changes",
    """
    SELECT \(StoredEventRow.columns)
    FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS r (room_id, after, up_to)
    CROSS JOIN LATERAL (
      SELECT DISTINCT ON (type, state_key) event_id FROM state_deltas s
      WHERE s.room_id = r.room_id AND s.stream_ordering > r.after
        AND s.stream_ordering <= r.up_to
      ORDER BY type, state_key, stream_ordering DESC
    ) d JOIN events e ON e.event_id = d.event_id
    """)

  private static let membersAt = Statement(
    "state_members_at",
    """
    SELECT \(StoredEventRow.columns) FROM (
      SELECT DISTINCT ON (state_key) event_id FROM state_deltas
      WHERE room_id = $1 AND type = 'm.room.member' AND stream_ordering <= $2
      ORDER BY state_key, stream_ordering DESC
    ) d JOIN events e USING (event_id)
    """)
  private static let currentMembers = Statement(
    "state_current_members",
    """
    SELECT \(StoredEventRow.columns) FROM current_state s JOIN events e USING (event_id)
    WHERE s.room_id = $1 AND s.type = 'm.room.member'
    """)
  private static let endOfStay = Statement(
    "state_end_of_stay",
    """
    SELECT min(stream_ordering) FROM state_deltas
    WHERE room_id = $1 AND type = 'm.room.member' AND state_key = $2 AND stream_ordering > (
      SELECT max(stream_ordering) FROM state_deltas
      WHERE room_id = $1 AND type = 'm.room.member' AND state_key = $2 AND access = 'join'
    )
    """)

  private let database: any Querying

  package init(database: any Querying) {
    self.database = database
  }

  /// The whole current state of each of the rooms, in no order.
  package func current(_ rooms: [RoomID]) async throws -> [StoredEvent] {
    guard !rooms.isEmpty else { return [] }
    return try StoredEventRow.decodeAll(
      try await database.query(Self.current, [.texts(rooms.map(\.text))]))
  }

  /// The current events of some places in some rooms; empty places are left out.
  package func current(_ entries: [(room: RoomID, key: StateTuple)]) async throws -> [StoredEvent] {
    guard !entries.isEmpty else { return [] }
    let rows = try await database.query(
      Self.currentEntries,
      [
        .texts(entries.map(\.room.text)), .texts(entries.map(\.key.type)),
        .texts(entries.map(\.key.stateKey)),
      ])
    return try StoredEventRow.decodeAll(rows)
  }

  package func current(_ room: RoomID, _ key: StateTuple) async throws -> StoredEvent? {
    try await current([(room, key)]).first
  }

  /// The state after the event at `position`, or after the last one before it.
  package func state(of room: RoomID, at position: Int64) async throws -> [StoredEvent] {
    try StoredEventRow.decodeAll(
      try await database.query(Self.at, [.text(room.text), .int(position)]))
  }

  /// Some places of the state at `position`.
  package func state(
    of room: RoomID, at position: Int64, keys: [StateTuple]
  ) async throws -> [StoredEvent] {
    guard !keys.isEmpty else { return [] }
    let rows = try await database.query(
      Self.entriesAt,
      [
        .text(room.text), .int(position), .texts(keys.map(\.type)), .texts(keys.map(\.stateKey)),
      ])
    return try StoredEventRow.decodeAll(rows)
  }

  /// For each range the state events that are current at its end and were not at its start.
  package func changes(_ ranges: [RoomRange]) async throws -> [StoredEvent] {
    guard !ranges.isEmpty else { return [] }
    let rows = try await database.query(
      Self.changes,
      [.texts(ranges.map(\.room.text)), .ints(ranges.map(\.after)), .ints(ranges.map(\.upTo))])
    return try StoredEventRow.decodeAll(rows)
  }

  /// The member events at `position`; `Int64.max` means now.
  package func members(of room: RoomID, at position: Int64) async throws -> [StoredEvent] {
    let rows =
      position == .max
      ? try await database.query(Self.currentMembers, [.text(room.text)])
      : try await database.query(Self.membersAt, [.text(room.text), .int(position)])
    return try StoredEventRow.decodeAll(rows)
  }

  /// What decides which part of the room the user may read.
  package func readingRecord(of user: UserID, in room: RoomID) async throws -> ReadingRecord {
    ReadingRecord(
      try await database.query(ReadingRecord.statement, [.text(room.text), .text(user.text)]))
  }

  /// Where the last stay in a room of a user who is not in it ended; nil when there was none.
  package func endOfStay(of user: UserID, in room: RoomID) async throws -> Int64? {
    try await database.query(Self.endOfStay, [.text(room.text), .text(user.text)]).int(0, 0)
  }
}
