package import MatrixIdentifiers
package import Postgres
package import RoomEvents

/// Reads the state of rooms, now and at earlier positions of the stream.
package struct StateStore: Sendable {
  private static let current = Statement(
    "state_current",
    """
    SELECT \(StoredEventRow.columns) FROM rooms r JOIN state_slots s USING (room_nid)
    JOIN events e ON e.stream_ordering = s.event
    WHERE r.room_id = ANY($1)
    """)
  private static let currentEntries = Statement(
    "state_current_entries",
    """
    SELECT \(StoredEventRow.columns)
    FROM unnest($1::text[], $2::text[], $3::text[]) AS k (room_id, type, state_key)
    JOIN rooms r ON r.room_id = k.room_id
    JOIN state_slots s ON \(StateSlots.isAt("r.room_nid", "k.type", "k.state_key"))
    JOIN events e ON e.stream_ordering = s.event
    """)
  private static let currentOfType = Statement(
    "state_current_of_type",
    """
    SELECT \(StoredEventRow.columns) FROM rooms r JOIN state_slots s USING (room_nid)
    JOIN events e ON e.stream_ordering = s.event
    WHERE r.room_id = $1 AND \(StateSlots.type("s")) = $2 LIMIT $3
    """)
  private static let currentMembers = Statement(
    "state_current_members",
    """
    SELECT \(StoredEventRow.columns) FROM rooms r JOIN state_slots s USING (room_nid)
    JOIN events e ON e.stream_ordering = s.event
    WHERE r.room_id = $1 AND s.type IS NULL
    """)
  // Most of what is asked for is still as it was then: that needs no look at the layers.
  private static let slots = Statement(
    "state_slots",
    """
    SELECT s.slot, coalesce(s.changed_at, s.event) <= $2, s.event
    FROM unnest($3::text[], $4::text[]) AS k (type, state_key) JOIN rooms r ON r.room_id = $1
    JOIN state_slots s ON \(StateSlots.isAt("r.room_nid", "k.type", "k.state_key"))
    """)
  private static let numbered = Statement(
    "state_numbered",
    """
    SELECT \(StoredEventRow.columns) FROM events e
    WHERE e.stream_ordering = ANY($1) AND ($2::text IS NULL OR e.type = $2)
    """)

  private let database: any Querying
  private let layers: LayerStore

  package init(database: any Querying) {
    self.database = database
    layers = LayerStore(database: database)
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

  /// The current events of one type, in no order.
  func current(_ room: RoomID, type: String, limit: Int) async throws -> [StoredEvent] {
    try StoredEventRow.decodeAll(
      try await database.query(
        Self.currentOfType, [.text(room.text), .text(type), .int(Int64(limit))]))
  }

  /// The room's state when the event at `position`, or the last one before it, had come.
  package func state(of room: RoomID, at position: Int64) async throws -> [StoredEvent] {
    try await events(try await layers.state(of: room, at: position).numbers)
  }

  /// Some places of the state at `position`.
  package func state(
    of room: RoomID, at position: Int64, keys: [StateTuple]
  ) async throws -> [StoredEvent] {
    guard !keys.isEmpty else { return [] }
    let rows = try await database.query(
      Self.slots,
      [
        .text(room.text), .int(position), .texts(keys.map(\.type)), .texts(keys.map(\.stateKey)),
      ])
    var (numbers, changed): ([Int64], [Int32]) = ([], [])
    for row in 0..<rows.count {
      guard let slot = rows.int(row, 0).flatMap(Int32.init(exactly:)) else { continue }
      if rows.bool(row, 1) == true, let number = rows.int(row, 2) {
        numbers.append(number)
      } else {
        changed.append(slot)
      }
    }
    if !changed.isEmpty {
      let state = try await layers.state(of: room, at: position)
      numbers += changed.map { state[$0] }
    }
    return try await events(numbers)
  }

  /// The state before or after an event, on whatever fork that is; nil when it is not known, as of
  /// an event that is here only because others cite it.
  package func state(_ side: EventSide, _ event: EventID) async throws -> [StoredEvent]? {
    guard let state = try await layers.state(side, event) else { return nil }
    return try await events(state.numbers)
  }

  /// The member events at `position`; `Int64.max` means now.
  package func members(of room: RoomID, at position: Int64) async throws -> [StoredEvent] {
    guard position < .max else {
      return try StoredEventRow.decodeAll(
        try await database.query(Self.currentMembers, [.text(room.text)]))
    }
    let state = try await layers.state(of: room, at: position)
    return try await events(state.numbers, type: EventType.member)
  }

  private func events(_ numbers: [Int64], type: String? = nil) async throws -> [StoredEvent] {
    guard !numbers.isEmpty else { return [] }
    return try StoredEventRow.decodeAll(
      try await database.query(Self.numbered, [.ints(numbers), .text(type)]))
  }

  /// What decides which part of the room the user may read.
  package func readingRecord(of user: UserID, in room: RoomID) async throws -> ReadingRecord {
    ReadingRecord(
      try await database.query(ReadingRecord.statement, [.text(room.text), .text(user.text)]))
  }

  /// Where the last stay in a room of a user who is not in it ended; nil when there was none.
  package func endOfStay(of user: UserID, in room: RoomID) async throws -> Int64? {
    try await readingRecord(of: user, in: room).departure
  }
}
