package import MatrixIdentifiers
package import Postgres
import PushRules
package import Streams

/// Reads events by id and by their place in a room's history.
package struct EventStore: Sendable {
  private static let byID = Statement(
    "events_by_id",
    """
    SELECT \(StoredEventRow.columns) FROM events e
    WHERE e.event_id = ANY($1) AND \(StoredEventRow.isTold("e"))
    """)
  private static let byPlace = Statement(
    "events_by_place",
    """
    SELECT \(StoredEventRow.columns) FROM events e
    WHERE e.stream_ordering = ANY($1) AND \(StoredEventRow.isTold("e"))
    """)
  private static let pageBackwards = Statement(
    "events_page_backwards",
    """
    SELECT \(StoredEventRow.columns) FROM events e
    WHERE e.room_id = $1 AND e.stream_ordering <= $2 AND e.stream_ordering > $3
      AND \(StoredEventRow.isTold("e"))
    ORDER BY e.stream_ordering DESC LIMIT $4
    """)
  private static let pageForwards = Statement(
    "events_page_forwards",
    """
    SELECT \(StoredEventRow.columns) FROM events e
    WHERE e.room_id = $1 AND e.stream_ordering > $2 AND e.stream_ordering <= $3
      AND \(StoredEventRow.isTold("e"))
    ORDER BY e.stream_ordering LIMIT $4
    """)
  private static let firstFrom = Statement(
    "events_first_from",
    """
    SELECT \(StoredEventRow.columns)
    FROM unnest($2::bigint[]) WITH ORDINALITY AS p (place, number)
    CROSS JOIN LATERAL (
      SELECT * FROM events h
      WHERE h.room_id = $1 AND h.stream_ordering >= p.place AND \(StoredEventRow.isTold("h"))
      ORDER BY h.stream_ordering LIMIT 1
    ) e ORDER BY p.number
    """)
  // All that others than clients follow.
  private static let streamRows = Statement(
    "events_stream_rows",
    """
    SELECT \(StoredEventRow.columns), p.notifies, p.push
    FROM events e LEFT JOIN event_push p USING (room_id, stream_ordering)
    WHERE e.stream_ordering > $2 AND e.stream_ordering <= $3 AND e.writer = $1
      AND e.\(StoredEventRow.isHistory)
    ORDER BY e.stream_ordering LIMIT $4
    """)

  private static let erased = Statement(
    "events_erased_users", "SELECT user_id FROM users WHERE user_id = ANY($1) AND erased")

  private let database: any Querying

  package init(database: any Querying) {
    self.database = database
  }

  /// Those of the users who are gone and wanted as little as possible of them to remain.
  package func erasedUsers(among users: Set<UserID>) async throws -> Set<UserID> {
    guard !users.isEmpty else { return [] }
    let rows = try await database.query(Self.erased, [.texts(users.map(\.text))])
    return Set((0..<rows.count).compactMap { rows.text($0, 0).flatMap { UserID($0) } })
  }

  /// The events with these ids, in no order; unknown ones are left out.
  package func events(_ ids: [EventID]) async throws -> [StoredEvent] {
    guard !ids.isEmpty else { return [] }
    return try StoredEventRow.decodeAll(
      try await database.query(Self.byID, [.texts(ids.map(\.text))]))
  }

  /// The events at these places in the stream, in no order.
  package func events(at places: [Int64]) async throws -> [StoredEvent] {
    guard !places.isEmpty else { return [] }
    return try StoredEventRow.decodeAll(try await database.query(Self.byPlace, [.ints(places)]))
  }

  package func event(_ id: EventID) async throws -> StoredEvent? {
    try await events([id]).first
  }

  /// Events of a room from `newest` down to but not including `oldest`, newest first.
  package func backwards(
    in room: RoomID, from newest: Int64, downTo oldest: Int64 = .min, limit: Int
  ) async throws -> [StoredEvent] {
    let rows = try await database.query(
      Self.pageBackwards, [.text(room.text), .int(newest), .int(oldest), .int(Int64(limit))])
    return try StoredEventRow.decodeAll(rows)
  }

  /// Events of a room after `oldest` up to and including `newest`, oldest first.
  package func forwards(
    in room: RoomID, after oldest: Int64, upTo newest: Int64 = .max, limit: Int
  ) async throws -> [StoredEvent] {
    let rows = try await database.query(
      Self.pageForwards, [.text(room.text), .int(oldest), .int(newest), .int(Int64(limit))])
    return try StoredEventRow.decodeAll(rows)
  }

  /// From each place on the first event of the room, where there is one.
  func first(in room: RoomID, from places: [Int64]) async throws -> [StoredEvent] {
    try StoredEventRow.decodeAll(
      try await database.query(Self.firstFrom, [.text(room.text), .ints(places)]))
  }

  /// One writer's events in (after, upTo], in order: how a reader of the stream fills a gap.
  package func written(
    by writer: WriterID, after: Int64, upTo: Int64, limit: Int
  ) async throws -> [StreamRow<StoredEvent>] {
    let rows = try await database.query(
      Self.streamRows,
      [.int(Int64(writer.raw)), .int(after), .int(upTo), .int(Int64(limit))])
    return try (0..<rows.count).map { row in
      // Without a row there is nothing to say; a row without contents says the usual.
      let isKnown = !rows.isNull(row, StoredEventRow.width)
      let push = try isKnown ? EventPush(stored: rows.bytes(row, StoredEventRow.width + 1)) : nil
      let stored = try StoredEventRow.decode(rows, row, push: push)
      return StreamRow(position: stored.streamOrdering, row: stored)
    }
  }

  /// The events stream's definition: how its rows travel and how gaps are filled.
  package func streamDefinition() -> StreamDefinition<StoredEvent> {
    StreamDefinition(
      name: .events, encode: { EventStreamRow.encode($0) },
      decode: { try EventStreamRow.decode($0) },
      fetch: { writer, after, upTo, limit in
        try await written(by: writer, after: after, upTo: upTo, limit: limit)
      })
  }
}

/// A part of a room's history: the positions in (after, upTo].
package struct RoomRange: Sendable {
  package let room: RoomID
  package let after: Int64
  package let upTo: Int64

  package init(room: RoomID, after: Int64, upTo: Int64) {
    self.room = room
    self.after = after
    self.upTo = upTo
  }
}
