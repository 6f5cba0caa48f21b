import Postgres
import RoomEvents

/// Reads the index of auth chains.
struct ChainStore: Sendable {
  private static let columns =
    "e.stream_ordering, e.type, e.state_key, \(ChainColumns.place("e"))"
  // What was rejected is in no state and no auth chain.
  private static let entries = Statement(
    "chain_entries",
    """
    SELECT \(columns), \(ChainColumns.place("t"))
    FROM events e LEFT JOIN LATERAL unnest(\(ChainColumns.links("e"))) AS l (n) ON true
    LEFT JOIN events t ON t.stream_ordering = l.n
    WHERE e.stream_ordering = ANY($1) AND e.state_key IS NOT NULL
      AND (e.standing IS NULL OR e.standing NOT IN (\(EventStanding.rejected.rawValue),
        \(EventStanding.rejectedOutlier.rawValue)))
    """)
  private static let links = RangeStatements("chain_links") { events in
    """
    SELECT \(ChainColumns.place("e")), \(ChainColumns.place("t")), t.type, t.state_key
    FROM \(events)
    CROSS JOIN LATERAL unnest(\(ChainColumns.links("e"))) AS l (n)
    JOIN events t ON t.stream_ordering = l.n
    """
  }
  private static let members = RangeStatements("chain_members") { events in
    "SELECT \(columns) FROM \(events)"
  }
  private static let citers = RangeStatements("chain_citers") { events in
    """
    SELECT c.stream_ordering, c.type, c.state_key, \(ChainColumns.place("c")),
      \(ChainColumns.place("e"))
    FROM \(events)
    CROSS JOIN LATERAL (
      SELECT stream_ordering, type, state_key, chain_place FROM events
      WHERE \(ChainColumns.hasLinks) AND \(ChainColumns.links()) @> ARRAY[e.stream_ordering]
      LIMIT $3
    ) c
    LIMIT $4
    """
  }
  private static let numbers = RangeStatements("chain_numbers") { events in
    "SELECT e.stream_ordering FROM \(events)"
  }

  private let database: any Querying

  init(database: any Querying) {
    self.database = database
  }

  /// What the auth chains add to a conflict.
  /// - Throws: `ResolutionError` when that takes too much.
  func conflict(_ states: ConflictingStates) async throws -> ChainConflictMachine {
    var machine = ChainConflictMachine(states)
    while true {
      switch machine.need {
      case .entries(let numbers): try machine.give(try await entries(numbers))
      case .links(let ranges):
        let found = try await links(ranges)
        try machine.give(found.links, keys: found.keys)
      case .citers(let ranges, let limit, let total):
        try machine.give(try await citers(ranges, limit: limit, total: total))
      case .nothing: return machine
      }
    }
  }

  /// The auth chains of some state events together: what they cite, directly or not.
  /// - Parameter itself: whether the events given are in it.
  func chain(of numbers: [Int64], itself: Bool = false) async throws -> [ChainRange] {
    let entries = try await entries(numbers)
    let start = entries.flatMap(\.cited) + (itself ? entries.compactMap(\.position) : [])
    var links = ChainLinks()
    while true {
      var reach = ChainReach()
      links.spread(start, into: &reach)
      let ranges = links.unloaded(of: reach)
      guard !ranges.isEmpty else { return reach.ranges }
      links.add(try await self.links(ranges).links, completing: ranges)
    }
  }

  /// The events in some ranges.
  func numbers(_ ranges: [ChainRange]) async throws -> [Int64] {
    try await database.queryAll(Self.numbers.queries(ranges)).flatMap { rows in
      (0..<rows.count).compactMap { rows.int($0, 0) }
    }
  }

  // MARK: Parts of the index

  private func entries(_ numbers: [Int64]) async throws -> [ChainEntry] {
    let rows = try await database.query(Self.entries, [.ints(numbers)])
    var entries: [Int64: ChainEntry] = [:]
    for row in 0..<rows.count {
      guard let entry = Self.entry(rows, row) else { continue }
      let cited = rows.int(row, 4).map { ChainPosition(raw: $0) }
      entries[entry.number, default: entry].links += cited.map { [$0] } ?? []
    }
    return Array(entries.values)
  }

  private func links(
    _ ranges: [ChainRange]
  ) async throws -> (links: [ChainLink], keys: [Int64: StateTuple]) {
    var links: [ChainLink] = []
    var keys: [Int64: StateTuple] = [:]
    let results = try await database.queryAll(Self.links.queries(ranges))
    for (rows, row) in results.lazy.flatMap({ rows in (0..<rows.count).map { (rows, $0) } }) {
      guard let source = rows.int(row, 0).map({ ChainPosition(raw: $0) }),
        let target = rows.int(row, 1).map({ ChainPosition(raw: $0) }),
        let type = rows.text(row, 2), let stateKey = rows.text(row, 3)
      else { continue }
      links.append(ChainLink(source: source, target: target))
      keys[target.chain] = StateTuple(type, stateKey)
    }
    return (links, keys)
  }

  private func citers(
    _ ranges: [ChainRange], limit: Int?, total: Int
  ) async throws -> ChainCiters {
    let members = Self.members.queries(ranges)
    let results = try await database.queryAll(
      members + Self.citers.queries(ranges, [.int(limit.map(Int64.init)), .int(Int64(total))]))
    var citers = ChainCiters()
    for rows in results.prefix(members.count) {
      citers.members += (0..<rows.count).compactMap { Self.entry(rows, $0) }
    }
    for rows in results.dropFirst(members.count) {
      for row in 0..<rows.count {
        guard let entry = Self.entry(rows, row),
          let cited = rows.int(row, 4).map({ ChainPosition(raw: $0) })
        else { continue }
        citers.citers.append(ChainCiters.Citer(entry: entry, cited: cited))
      }
    }
    return citers
  }

  private static func entry(_ rows: Rows, _ row: Int) -> ChainEntry? {
    guard let number = rows.int(row, 0), let type = rows.text(row, 1),
      let stateKey = rows.text(row, 2)
    else { return nil }
    return ChainEntry(
      number: number, key: StateTuple(type, stateKey),
      position: ChainColumns.position(rows.int(row, 3), type: type))
  }
}
