import Testing

@testable import ServerConfig

struct PostgresCheckTests {
  private func settings(
    synchronousCommit: String = "on", fsync: Bool = true, encoding: String = "UTF8",
    connections: Int = 100
  ) -> PostgresSettings {
    PostgresSettings(
      synchronousCommit: synchronousCommit, fsync: fsync, encoding: encoding,
      maxConnections: connections, reservedConnections: 3)
  }

  @Test(arguments: [
    (97, [97], true), (97, [98], false), (97, Array(repeating: 10, count: 9), true),
    (97, Array(repeating: 10, count: 10), false), (0, [1], false),
  ])
  func poolsMustFit(free: Int, pools: [Int], fits: Bool) {
    let found = PostgresChecks.connections(pools: pools, maxConnections: free + 3, reserved: 3)
    #expect(found.isEmpty == fits)
    if !fits {
      #expect(found.map(\.keys) == [["database.args.cp_max", "postgres:max_connections"]])
      #expect(found.errors.count == 1)
      #expect(found.report().contains("at least \(pools.reduce(0, +) + 3)"))
    }
  }

  @Test(arguments: [
    ("on", true), ("local", true), ("remote_write", true), ("remote_apply", true), ("off", false),
    ("false", false),
  ])
  func commitsMustBeDurable(value: String, isSafe: Bool) throws {
    let found = PostgresChecks.problems(settings(synchronousCommit: value), pools: [1])
    #expect(found.map(\.keys) == (isSafe ? [] : [["database", "postgres:synchronous_commit"]]))
    #expect(found.errors.count == (isSafe ? 0 : 1))
  }

  @Test func fsyncOffIsAWarning() {
    let found = PostgresChecks.problems(settings(fsync: false), pools: [1])
    #expect(found.map(\.severity) == [.warning])
    #expect(found.map(\.keys) == [["database", "postgres:fsync"]])
  }

  @Test func theEncodingMustBeUTF8() {
    let found = PostgresChecks.problems(settings(encoding: "SQL_ASCII"), pools: [1])
    #expect(found.errors.map(\.keys) == [["database.args.dbname", "postgres:server_encoding"]])
  }

  @Test func aProcessCountsTheProcessesThatItKnowsOf() throws {
    let config = try load(Fixture.minimal + Fixture.fleet).config
    #expect(config.problems(with: settings(connections: 33)).isEmpty)
    #expect(config.problems(with: settings(connections: 32)).errors.count == 1)
  }
}
