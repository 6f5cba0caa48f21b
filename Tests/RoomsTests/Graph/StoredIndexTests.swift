import MatrixIdentifiers
import Postgres
import RoomEvents
import StateResolution
import TestKit
import Testing

@testable import Rooms

/// The index of auth chains in the database, asked for the same as the one in memory.
struct StoredIndexTests {
  private static let insert = Statement(
    "test_insert_index",
    """
    INSERT INTO events (stream_ordering, writer, room_id, event_id, type, state_key, sender,
      room_version, json, depth, standing, chain_place, auth_link, second_auth_link,
      more_auth_links)
    SELECT n, 1, '!room:a', e, t, k, '', '11', '', 0, nullif(s, 0), c, l, m,
      string_to_array(q, ' ')::bigint[]
    FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[],
      $7::bigint[], $8::text[], $9::bigint[]) AS v (n, e, t, k, c, l, m, q, s)
    """)

  /// - Parameter standings: some of those that count in state resolution.
  private static func store(_ index: MemoryIndex, in database: Database) async throws {
    let nodes = index.items.map(\.node)
    let columns = nodes.map { ChainColumns($0, replaces: nil) }
    let standings: [EventStanding] = [.accepted, .softFailed, .outlier]
    try await database.runScript("TRUNCATE events")
    _ = try await database.query(
      insert,
      [
        .ints(nodes.map(\.number)), .texts(index.items.map(\.id.text)),
        .texts(nodes.map(\.key.type)), .texts(nodes.map(\.key.stateKey)),
        .nullableInts(columns.map(\.place)), .nullableInts(columns.map(\.link)),
        .nullableInts(columns.map(\.secondLink)),
        .nullableTexts(
          columns.map { columns in
            let more = columns.moreLinks
            return more.isEmpty ? nil : more.map(String.init).joined(separator: " ")
          }),
        .ints(nodes.indices.map { standings[$0 % 3].rawValue }),
      ])
  }

  private static func ids(_ numbers: [Int64], _ index: MemoryIndex) -> Set<EventID> {
    let ids = Dictionary(uniqueKeysWithValues: index.items.map { ($0.node.number, $0.id) })
    return Set(numbers.compactMap { ids[$0] })
  }

  @Test(arguments: 0..<8)
  func conflictsAreAsInMemory(_ part: Int) async throws {
    try await TestPostgres.withDatabase(migrations: World.migrations) { database in
      let chains = ChainStore(database: database)
      for seed in part * 25..<(part + 1) * 25 {
        var room = try RandomIndex(seed: seed, count: 20 + seed % 60)
        try await Self.store(room.index, in: database)
        let states = room.states()
        let conflict = StateConflict(states, algorithm: .v2)
        let machine = try await chains.conflict(room.index.numbers(conflict))
        let difference = try await chains.numbers(machine.difference)
        #expect(
          Self.ids(difference, room.index) == room.index.difference(states), "seed \(seed)")
        let subgraph = try await chains.numbers(machine.subgraph)
        let conflicting = Set(conflict.conflicting.values.flatMap { $0.compactMap { $0 } })
        #expect(
          Self.ids(subgraph, room.index).subtracting(conflicting)
            == room.index.between(conflicting).subtracting(conflicting), "seed \(seed)")
      }
    }
  }

  @Test func authChainsAreThoseOfThePlainGraph() async throws {
    try await TestPostgres.withDatabase(migrations: World.migrations) { database in
      let chains = ChainStore(database: database)
      var random = SeededRandom(1)
      for seed in 0..<20 {
        let index = try RandomIndex(seed: seed, count: 50).index
        try await Self.store(index, in: database)
        let some = (0..<3).map { _ in random.below(index.items.count) }
        let numbers = some.map { index.items[$0].node.number }
        let above = some.reduce(into: Set<Int>()) { $0.formUnion(index.ancestors(of: $1)) }
        let chain = try await chains.numbers(try await chains.chain(of: numbers))
        #expect(
          Self.ids(chain, index) == Set(above.map { index.items[$0].id }), "seed \(seed)")
        let whole = try await chains.numbers(try await chains.chain(of: numbers, itself: true))
        let placed = some.filter { index.items[$0].node.position != nil }
        #expect(
          Self.ids(whole, index) == Set(above.union(placed).map { index.items[$0].id }))
      }
    }
  }

  /// What was rejected is in no state and leads nowhere.
  @Test func rejectedEventsAreInNoChain() async throws {
    try await TestPostgres.withDatabase(migrations: World.migrations) { database in
      var index = MemoryIndex()
      try index.append(.create, citing: [])
      try index.append(.powerLevels, citing: [0])
      try await Self.store(index, in: database)
      let numbers = index.items.map(\.node.number)
      let chains = ChainStore(database: database)
      let before = try await chains.chain(of: [numbers[1]])
      #expect(try await Set(chains.numbers(before)) == [numbers[0]])
      for standing in [EventStanding.rejected, .rejectedOutlier] {
        try await database.runScript(
          """
          UPDATE events SET standing = \(standing.rawValue)
          WHERE stream_ordering = \(numbers[1])
          """)
        #expect(try await chains.chain(of: [numbers[1]]).isEmpty)
      }
    }
  }
}
