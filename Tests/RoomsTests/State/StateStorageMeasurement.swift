import Glibc
import MatrixIdentifiers
import MatrixJSON
import Postgres
import RoomEvents
import TestKit
import Testing

@testable import Rooms

/// What the states of a large room cost, beside the scheme of other servers. It takes a minute:
/// set `APUS_MEASURE`, and build for release to get times that mean something.
@Suite(.serialized, .enabled(if: getenv("APUS_MEASURE") != nil))
struct StateStorageMeasurement {
  private static let members = 10_000
  private static let changes = 20_000
  /// Changes that happen on a fork which ends soon after, of a hundred.
  private static let forks = 2

  @Test func bytesAndTimes() async throws {
    var settings = TestSettings()
    settings.shared = 1
    try await TestPostgres.withDatabase(migrations: World.migrations, settings: settings) {
      database in
      var room = try LargeRoom(members: Self.members, forks: Self.forks)
      let groups = StateGroups(database: database)
      try await groups.prepare()
      _ = try await database.queryAll(try room.creation())
      for number in 0..<Self.changes {
        let step = try room.step(number)
        _ = try await database.queryAll(step.queries)
        try await groups.store(step.story, room: room.id)
        // As by itself every minute.
        if number % 5000 == 0 { try await database.runScript("VACUUM ANALYZE") }
      }
      try await database.runScript("VACUUM ANALYZE")
      try await report(database, room, groups)
    }
  }

  private func report(
    _ database: Database, _ room: LargeRoom, _ groups: StateGroups
  ) async throws {
    let ours = try await sizes(
      ["state_slots", "state_histories", "state_layers"],
      ["events_state_snapshot", "events_room_snapshot", "events_replaces"], database)
    let columns = try await database.query(
      Statement(
        "measure_columns",
        """
        SELECT sum(coalesce(pg_column_size(state_snapshot), 0)
          + coalesce(pg_column_size(replaces), 0))::bigint FROM events
        """)
    ).int(0, 0)
    let total = ours.values.reduce(0, +) + (columns ?? 0)
    let others = try await sizes(groups.tables, [], database)
    print(
      "bytes per state change: \(total / Int64(Self.changes)) in \(ours), columns \(columns ?? 0)")
    #expect(total / Int64(Self.changes) < 200)
    try await reportRest(database)
    print(
      "state groups: \(others.values.reduce(0, +) / Int64(Self.changes)) bytes per state change in",
      others)
    print("layers: \(try await layers(database))")
    try await time("the writer's head", database, limit: 20) {
      let heads = try await WriterStore(database: database).loadHeads([room.id])
      #expect(heads.first?.state.count == room.head.state.count)
    }
    try await time("the current state from its layers", database, limit: 20) {
      let tree = try await LayerStore(database: database).tree(
        of: [try present(room.head.stateSnapshot, "snapshot")], in: room.id)
      let state = try tree.state(at: room.head.stateSnapshot)
      #expect(Set(state.numbers) == Set(room.head.state.values.map(\.number)))
    }
    try await time("all current events", database) {
      let events = try await StateStore(database: database).current([room.id])
      #expect(events.count == room.head.state.count)
    }
  }

  /// What a state change takes besides states: its place in the index of auth chains, and who is in
  /// the room.
  private func reportRest(_ database: Database) async throws {
    let columns = try await database.query(
      Statement(
        "measure_chain_columns",
        """
        SELECT sum(coalesce(pg_column_size(chain_id), 0) + coalesce(pg_column_size(chain_sequence), 0)
          + coalesce(pg_column_size(auth_links), 0))::bigint FROM events
        """)
    ).int(0, 0)
    let indexes = try await sizes([], ["events_chain", "events_auth_links"], database)
    let chains = indexes.values.reduce(columns ?? 0, +) / Int64(Self.changes)
    print("the index of auth chains: \(chains) bytes per state change, of them \(indexes)")
    #expect(chains < 200)
    let members = try await sizes(["room_memberships"], [], database)
    print("memberships: \(members.values.reduce(0, +) / Int64(Self.members)) bytes per member")
  }

  private func layers(_ database: Database) async throws -> String {
    let rows = try await database.query(
      Statement(
        "measure_layers",
        """
        SELECT count(*), sum(octet_length(changes))::bigint, max(octet_length(changes))::bigint
        FROM state_layers
        """))
    return
      "\(rows.int(0, 0) ?? 0) with \(rows.int(0, 1) ?? 0) bytes, \(rows.int(0, 2) ?? 0) at most"
  }

  /// Bytes with all that belongs to the tables, and of single indexes.
  private func sizes(
    _ tables: [String], _ indexes: [String], _ database: Database
  ) async throws -> [String: Int64] {
    let rows = try await database.query(
      Statement(
        "measure_sizes",
        """
        SELECT name, pg_total_relation_size(name::regclass) FROM unnest($1::text[]) AS t (name)
        """), [.texts(tables + indexes)])
    var sizes: [String: Int64] = [:]
    for row in 0..<rows.count { sizes[rows.text(row, 0) ?? ""] = rows.int(row, 1) }
    return sizes
  }

  /// Prints the CPU time of this process and of the database's for one `body`.
  /// - Parameter limit: of both together in milliseconds, for an optimised build.
  private func time(
    _ what: String, _ database: Database, limit: Double = .infinity,
    _ body: () async throws -> Void
  ) async throws {
    try await body()
    let rounds = 20
    let server = try await CPUClock.server(database)
    let before = (CPUClock.own.milliseconds, server.milliseconds)
    for _ in 0..<rounds { try await body() }
    let own = (CPUClock.own.milliseconds - before.0) / Double(rounds)
    let theirs = (server.milliseconds - before.1) / Double(rounds)
    print("\(what): \(own) ms here, \(theirs) in Postgres")
    #if !DEBUG
      #expect(own + theirs < limit, "\(what)")
    #endif
  }
}
