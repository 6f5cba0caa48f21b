package import MatrixIdentifiers
package import Postgres
import RoomEvents

/// Reads a room's graph: what other servers ask for, and where this one has gaps.
package struct GraphStore: Sendable {
  /// Nodes that are read at once: a walk asks seldom and gets more than it asked for.
  private static let nodeBatch: Int64 = 64

  private static let numbers = Statement(
    "graph_numbers",
    """
    SELECT stream_ordering, prev_events FROM events WHERE event_id = ANY($1) AND room_id = $2
    """)
  // The limit ends the recursion, not only what comes of it.
  private static let nodes = Statement(
    "graph_nodes",
    """
    WITH RECURSIVE walk (number) AS (
      SELECT unnest($1::bigint[])
      UNION
      SELECT p FROM walk JOIN events e ON e.stream_ordering = walk.number
      CROSS JOIN LATERAL unnest(e.prev_events) AS l (p)
    )
    SELECT e.stream_ordering, e.depth, e.standing, e.prev_events
    FROM (SELECT number FROM walk LIMIT $2) w JOIN events e ON e.stream_ordering = w.number
    """)
  private static let events = Statement(
    "graph_events",
    """
    SELECT \(StoredEventRow.columns) FROM events e
    WHERE e.stream_ordering = ANY($1)
    ORDER BY e.depth, e.stream_ordering
    """)
  private static let ids = Statement(
    "graph_ids", "SELECT event_id FROM events WHERE stream_ordering = ANY($1)")
  private static let backwardExtremities = Statement(
    "graph_backward_extremities",
    """
    SELECT m.event_id, max(e.depth) FROM missing_prev_events m
    JOIN events e ON e.stream_ordering = m.referrer
    WHERE m.room_id = $1 AND \(EventStanding.counts("e.standing"))
    GROUP BY m.event_id ORDER BY 2 DESC, 1 LIMIT $2
    """)
  private static let cited = Statement(
    "graph_cited",
    """
    SELECT e.stream_ordering FROM events e WHERE e.event_id = ANY($1) AND e.room_id = $2
    """)

  private let database: any Querying
  private let chains: ChainStore
  private let layers: LayerStore

  package init(database: any Querying) {
    self.database = database
    chains = ChainStore(database: database)
    layers = LayerStore(database: database)
  }

  // MARK: Previous events

  /// Events between what a server has and what it has heard of, the oldest first; of them the
  /// ones nearest to the latest.
  ///
  /// spec: server-server-api#post_matrixfederationv1get_missing_eventsroomid
  package func missingEvents(
    in room: RoomID, before latest: [EventID], after earliest: [EventID], minimumDepth: Int64,
    limit: Int
  ) async throws -> [StoredEvent] {
    let ends = try await numbers(latest, in: room)
    let known = try await numbers(earliest, in: room)
    return try await events(
      GraphWalk(
        .breadthFirst, from: ends.flatMap(\.previous), notEntering: Set(known.map(\.number)),
        minimumDepth: minimumDepth, limit: limit))
  }

  /// The events and what came before them, the oldest first; of them the deepest.
  ///
  /// spec: server-server-api#get_matrixfederationv1backfillroomid
  package func history(
    of room: RoomID, upTo events: [EventID], limit: Int
  ) async throws -> [StoredEvent] {
    let start = try await numbers(events, in: room)
    return try await self.events(
      GraphWalk(.deepestFirst, from: start.map(\.number), limit: limit))
  }

  /// Events that are not here although others build on them, those nearest to the present first.
  package func backwardExtremities(of room: RoomID, limit: Int) async throws -> [EventID] {
    let rows = try await database.query(
      Self.backwardExtremities, [.text(room.text), .int(Int64(limit))])
    return (0..<rows.count).compactMap { row in rows.text(row, 0).flatMap { EventID($0) } }
  }

  private func numbers(
    _ ids: [EventID], in room: RoomID
  ) async throws -> [(number: Int64, previous: [Int64])] {
    guard !ids.isEmpty else { return [] }
    let rows = try await database.query(
      Self.numbers, [.texts(ids.map(\.text)), .text(room.text)])
    return (0..<rows.count).compactMap { row in
      rows.int(row, 0).map { ($0, rows.ints(row, 1) ?? []) }
    }
  }

  private func events(_ start: GraphWalk) async throws -> [StoredEvent] {
    var walk = start
    while !walk.need.isEmpty {
      walk.give(try await nodes(walk.need))
    }
    return try await events(walk.found.map(\.number))
  }

  private func nodes(_ numbers: [Int64]) async throws -> [GraphNode] {
    let limit = Int64(numbers.count) + Self.nodeBatch
    let rows = try await database.query(Self.nodes, [.ints(numbers), .int(limit)])
    return (0..<rows.count).compactMap { row in
      guard let number = rows.int(row, 0), let depth = rows.int(row, 1) else { return nil }
      return GraphNode(
        number: number, depth: depth, standing: EventStanding(stored: rows.int(row, 2)),
        previous: rows.ints(row, 3) ?? [])
    }
  }

  private func events(_ numbers: [Int64]) async throws -> [StoredEvent] {
    guard !numbers.isEmpty else { return [] }
    return try StoredEventRow.decodeAll(
      try await database.query(Self.events, [.ints(numbers)]))
  }

  // MARK: Auth events

  /// All that an event cites, directly or not, the oldest first.
  ///
  /// spec: server-server-api#get_matrixfederationv1event_authroomideventid
  package func authChain(of event: StoredEvent) async throws -> [StoredEvent] {
    let rows = try await database.query(
      Self.cited, [.texts(event.event.authEvents.map(\.text)), .text(event.event.roomID.text)])
    let cited = (0..<rows.count).compactMap { rows.int($0, 0) }
    return try await events(
      try await chains.numbers(try await chains.chain(of: cited, itself: true)))
  }

  /// The state before an event and the auth chains of that; nil when the state is not known.
  ///
  /// spec: server-server-api#get_matrixfederationv1state_idsroomid
  package func stateIDs(
    before event: EventID
  ) async throws -> (state: [EventID], authChain: [EventID])? {
    guard let state = try await layers.state(.before, event)?.numbers else { return nil }
    let chain = try await chains.numbers(try await chains.chain(of: state))
    return (try await ids(state), try await ids(chain))
  }

  private func ids(_ numbers: [Int64]) async throws -> [EventID] {
    let rows = try await database.query(Self.ids, [.ints(numbers)])
    return (0..<rows.count).compactMap { row in rows.text(row, 0).flatMap { EventID($0) } }
  }
}
