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
  /// Bytes of database for each change: of states and of the index of auth chains together.
  private static let limit = 200.0

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
    let parts = [
      "states":
        try await sizes(
          ["state_slots", "state_histories", "state_layers"],
          ["events_state_snapshot", "events_room_snapshot", "events_replaces"], database)
        + [try await columns(["state_snapshot", "room_snapshot", "replaces"], database)],
      "the index of auth chains":
        try await sizes([], ["events_chain", "events_auth_links"], database)
        + [
          try await columns(
            ["chain_place", "auth_link", "second_auth_link", "more_auth_links"], database)
        ],
    ]
    var total = 0.0
    for (name, sizes) in parts {
      let sum = sizes.reduce(0) { $0 + $1.bytes }
      total += sum
      print("\(name): \(Int(sum.rounded())) bytes per state change, of them \(sizes)")
    }
    print("together: \(Int(total.rounded())) bytes per state change")
    #expect(total < Self.limit)
    let others = try await sizes(groups.tables, [], database)
    print(
      "state groups: \(others.reduce(0) { $0 + $1.bytes }) bytes per state change, of them",
      others)
    let members = try await sizes(["room_memberships"], [], database)
    print("memberships: \(members[0].bytes * Double(Self.changes) / Double(Self.members)) a member")
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

  /// With all that belongs to the tables, and of single indexes.
  private func sizes(
    _ tables: [String], _ indexes: [String], _ database: Database
  ) async throws -> [Size] {
    let rows = try await database.query(
      Statement(
        "measure_sizes",
        """
        SELECT name, pg_total_relation_size(name::regclass) FROM unnest($1::text[]) AS t (name)
        """), [.texts(tables + indexes)])
    return (0..<rows.count).map { Size(rows.text($0, 0) ?? "", bytes: rows.int($0, 1) ?? 0) }
  }

  /// What columns of events take, with the gaps between them: by how much shorter the rows are
  /// without what is in them.
  private func columns(_ names: [String], _ database: Database) async throws -> Size {
    try await database.runScript(
      """
      DROP TABLE IF EXISTS emptied;
      CREATE TABLE emptied (LIKE events);
      INSERT INTO emptied SELECT * FROM events;
      UPDATE emptied SET \(names.map { "\($0) = NULL" }.joined(separator: ", "));
      """)
    let rows = try await database.query(
      Statement(
        "measure_columns",
        """
        SELECT (SELECT sum((pg_column_size(e.*) + 7) / 8 * 8) FROM events e)
          - (SELECT sum((pg_column_size(e.*) + 7) / 8 * 8) FROM emptied e)
        """))
    return Size("columns", bytes: rows.int(0, 0) ?? 0)
  }

  private struct Size: CustomStringConvertible {
    let name: String
    /// For each change of the state.
    let bytes: Double

    init(_ name: String, bytes: Int64) {
      self.name = name
      self.bytes = Double(bytes) / Double(StateStorageMeasurement.changes)
    }

    var description: String { "\(name) \(bytes)" }
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
