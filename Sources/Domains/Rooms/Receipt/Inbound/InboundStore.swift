import MatrixIdentifiers
import Postgres
import RoomEvents

/// Reads what taking events of other servers into one room needs. Within the writer's transaction,
/// so that an event sees those that came before it in the same commit.
struct InboundStore: Sendable {
  /// How far it is followed what events that count for nothing were built on.
  static let passedLimit = 1000

  private static let known = Statement(
    "inbound_known",
    """
    SELECT e.event_id, e.room_id, e.stream_ordering, e.standing, e.depth,
      CASE WHEN e.event_id = ANY($2) THEN e.json END, e.type, e.state_key,
      \(ChainColumns.node("e"))
    FROM events e WHERE e.event_id = ANY($1) OR e.event_id = ANY($2)
    """)
  private static let builtUpon = Statement(
    "inbound_built_upon",
    """
    SELECT DISTINCT m.event_id FROM missing_prev_events m
    JOIN events e ON e.stream_ordering = m.referrer
    WHERE m.event_id = ANY($1) AND m.room_id = $2 AND \(EventStanding.isHistory("e.standing"))
    """)
  // The limit ends the recursion, not only what comes of it.
  private static let passed = Statement(
    "inbound_passed",
    """
    WITH RECURSIVE passed (start, number) AS (
      SELECT e.stream_ordering, p FROM events e CROSS JOIN LATERAL unnest(e.prev_events) AS l (p)
      WHERE e.stream_ordering = ANY($1)
      UNION
      SELECT passed.start, p FROM passed JOIN events e ON e.stream_ordering = passed.number
      CROSS JOIN LATERAL unnest(e.prev_events) AS l (p)
      WHERE NOT \(EventStanding.isHistory("e.standing"))
    )
    SELECT start, number FROM passed LIMIT \(passedLimit)
    """)
  private static let byNumber = Statement(
    "inbound_events",
    """
    SELECT event_id, stream_ordering, json, standing FROM events WHERE stream_ordering = ANY($1)
    """)
  private static let byID = Statement(
    "inbound_events_by_id",
    """
    SELECT event_id, stream_ordering, json, standing FROM events
    WHERE event_id = ANY($1) AND room_id = $2
    """)
  private static let before = ChainColumns.events(
    from: ChainColumns.chain("e"), to: "\(ChainColumns.place("e")) - 1")
  // What stands before an event in a chain of power levels is wanted after it. The first of a chain
  // is left to be asked for by its id.
  private static let lines = Statement(
    "inbound_lines",
    """
    SELECT l.event_id, l.stream_ordering, l.json, l.standing
    FROM events e CROSS JOIN LATERAL \(before) l
    WHERE e.event_id = ANY($1) AND e.type = '\(EventType.powerLevels)'
    ORDER BY l.chain_place DESC LIMIT $2
    """)
  private static let slots = Statement(
    "inbound_slots",
    """
    SELECT s.slot, \(StateSlots.type("s")), s.state_key FROM state_slots s
    WHERE s.room_nid = $1 AND s.slot = ANY($2)
    """)
  private static let allSlots = Statement(
    "inbound_all_slots",
    """
    SELECT s.room_nid, s.slot, s.event, s.type, s.state_key
    FROM rooms r JOIN state_slots s USING (room_nid) WHERE r.room_id = $1
    """)
  private static let room = Statement(
    "inbound_room", "SELECT room_nid, state_salt, room_version FROM rooms WHERE room_id = $1")

  let database: any Querying
  let room: RoomID
  let version: RoomVersion

  // MARK: Events

  /// - Parameter own: the event that is being received.
  /// - Returns: nil when it has the id of another room's event.
  func known(
    _ ids: [EventID], cited: [EventID], own: EventID
  ) async throws -> KnownEvents? {
    let results = try await database.queryAll([
      Query(Self.known, [.texts(ids.map(\.text)), .texts(cited.map(\.text))]),
      Query(Self.builtUpon, [.texts([own.text]), .text(room.text)]),
    ])
    var known = KnownEvents()
    for row in 0..<results[0].count {
      guard let id = results[0].text(row, 0).flatMap({ EventID($0) }) else { continue }
      guard results[0].text(row, 1) == room.text else {
        if id == own { return nil }
        continue
      }
      known.events[id] = try knownEvent(results[0], row, id)
    }
    known.builtUpon = Set(
      (0..<results[1].count).compactMap { results[1].text($0, 0).flatMap { EventID($0) } })
    try await addPassed(to: &known)
    return known
  }

  private func knownEvent(_ rows: Rows, _ row: Int, _ id: EventID) throws -> KnownEvent? {
    guard let number = rows.int(row, 2), let depth = rows.int(row, 4) else { return nil }
    let standing = EventStanding(stored: rows.int(row, 3))
    var known = KnownEvent(number: number, standing: standing, depth: depth)
    if let bytes = rows.bytes(row, 5) {
      known.event = try Event(bytes: bytes, version: version, eventID: id)
    }
    if !standing.isRejected, let type = rows.text(row, 6), let stateKey = rows.text(row, 7) {
      known.node = ChainColumns.node(rows, row, from: 8, number, StateTuple(type, stateKey))
    }
    return known
  }

  private func addPassed(to known: inout KnownEvents) async throws {
    let starts = known.events.values.filter { $0.standing.hasPlace && !$0.standing.isHistory }
    guard !starts.isEmpty else { return }
    let rows = try await database.query(Self.passed, [.ints(starts.map(\.number))])
    var passed: [Int64: [Int64]] = [:]
    for row in 0..<rows.count {
      guard let start = rows.int(row, 0), let number = rows.int(row, 1) else { continue }
      passed[start, default: []].append(number)
    }
    for (id, event) in known.events {
      if let numbers = passed[event.number] { known.events[id]?.passedTo = numbers }
    }
  }

  func events(_ numbers: some Sequence<Int64>) async throws -> [Int64: Event] {
    let numbers = Array(numbers)
    guard !numbers.isEmpty else { return [:] }
    let found = try events(try await database.query(Self.byNumber, [.ints(numbers)]))
    return Dictionary(found.lazy.map { ($0.number, $0.event) }) { first, _ in first }
  }

  func loaded(_ numbers: some Sequence<Int64>) async throws -> [LoadedEvent] {
    let numbers = Array(numbers)
    guard !numbers.isEmpty else { return [] }
    return try events(try await database.query(Self.byNumber, [.ints(numbers)]))
  }

  /// These events and, where they are power levels, a stretch of those before them.
  func withLines(_ ids: [EventID], limit: Int) async throws -> [LoadedEvent] {
    let texts = Bind.texts(ids.map(\.text))
    let results = try await database.queryAll([
      Query(Self.byID, [texts, .text(room.text)]),
      Query(Self.lines, [texts, .int(Int64(limit))]),
    ])
    return try results.flatMap { try events($0) }
  }

  private func events(_ rows: Rows) throws -> [LoadedEvent] {
    try (0..<rows.count).compactMap { row in
      guard let id = rows.text(row, 0).flatMap({ EventID($0) }), let number = rows.int(row, 1),
        let bytes = rows.bytes(row, 2)
      else { return nil }
      return LoadedEvent(
        number: number, event: try Event(bytes: bytes, version: version, eventID: id),
        isRejected: EventStanding(stored: rows.int(row, 3)).isRejected)
    }
  }

  // MARK: State

  /// The places of the room's state that some slots stand for.
  func keys(of slots: some Sequence<Int32>, room nid: Int64) async throws -> [Int32: StateTuple] {
    let rows = try await database.query(
      Self.slots, [.int(nid), .ints(slots.map { Int64($0) })])
    var keys: [Int32: StateTuple] = [:]
    for row in 0..<rows.count {
      guard let slot = rows.int(row, 0).flatMap(Int32.init(exactly:)), let type = rows.text(row, 1),
        let stateKey = rows.text(row, 2)
      else { continue }
      keys[slot] = StateTuple(type, stateKey)
    }
    return keys
  }

  /// A room of which something is stored, but not where in its graph things stand now.
  func unbegunRoom() async throws -> RoomHead? {
    let results = try await database.queryAll([
      Query(Self.room, [.text(room.text)]), Query(Self.allSlots, [.text(room.text)]),
    ])
    guard let nid = results[0].int(0, 0), let salt = results[0].bytes(0, 1),
      let version = results[0].text(0, 2).flatMap({ RoomVersion(id: $0) })
    else { return nil }
    let slots = StoredSlots.byRoom(results[1])[nid] ?? StoredSlots()
    return RoomHead(
      roomID: room, version: version, forwardExtremities: [], depth: 0, state: [:],
      cursor: StateCursor(
        room: nid, salt: StateSalt(salt),
        vacantSlots: slots.vacant.merging(slots.current.mapValues(\.slot)) { first, _ in first },
        nextSlot: slots.next))
  }
}

/// An event with its number and what became of it.
struct LoadedEvent: Sendable {
  let number: Int64
  let event: Event
  let isRejected: Bool
}
