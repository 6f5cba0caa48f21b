import MatrixJSON
import Postgres
import Synchronization
import TestKit

@testable import Streams

/// The rows of the stream under test.
enum TestRows {
  static let migrations =
    StreamsSchema.migrations + [
      Migration(
        number: 99, name: "test_rows",
        sql: """
          CREATE TABLE test_rows (
            position bigint PRIMARY KEY, instance_id integer NOT NULL, value text NOT NULL)
          """)
    ]

  static let draw = Statement(
    "test_draw", "SELECT nextval('events_stream_seq') FROM generate_series(1, $1)",
    repeatable: false)
  static let insert = Statement(
    "test_insert",
    """
    INSERT INTO test_rows (instance_id, position, value)
    SELECT $1::integer, position, value FROM unnest($2, $3) AS given (position, value)
    """)
  private static let select = Statement(
    "test_select",
    """
    SELECT position, value FROM test_rows
    WHERE instance_id = $1 AND position > $2 AND position <= $3 ORDER BY position LIMIT $4
    """)

  struct NotText: Error {}

  static func definition(_ database: Database) -> StreamDefinition<String> {
    StreamDefinition(
      name: .events, encode: { JSON.string($0).bytes },
      decode: { row in
        guard let text = row.string else { throw NotText() }
        return text
      },
      fetch: { writer, after, upTo, limit in
        let rows = try await database.query(
          select, [.int(Int64(writer.raw)), .int(after), .int(upTo), .int(Int64(limit))])
        return (0..<rows.count).compactMap { row in
          guard let position = rows.int(row, 0), let value = rows.text(row, 1) else { return nil }
          return StreamRow(position: position, row: value)
        }
      })
  }
}

/// One process of a fleet: a hub, a reader and a writer.
final class TestNode: Sendable {
  let database: Database
  let hub: ReplicationHub
  let reader: StreamReader<String>
  let lease: WriterLease
  let writer: StreamWriter<String>
  private let seen = Mutex<[String]>([])

  init(
    _ name: String, _ database: Database, bus: any ReplicationBus,
    timing: StreamTiming = TestNode.quick
  ) async throws {
    self.database = database
    let id = try await InstanceRegistry.register(name, on: database)
    hub = ReplicationHub(
      bus: bus, database: database, instanceName: name, timing: timing,
      logger: TestPostgres.logger)
    reader = hub.makeReader(TestRows.definition(database))
    lease = WriterLease(
      stream: .events, writer: id, workerName: name, database: database, timing: timing,
      logger: TestPostgres.logger)
    writer = hub.makeWriter(for: reader, lease: lease)
    reader.onAdvance { batch in self.seen.withLock { $0 += batch.rows.map(\.row) } }
  }

  /// Values delivered to this process, in order.
  var values: [String] {
    seen.withLock { $0 }
  }

  static var quick: StreamTiming {
    var timing = StreamTiming()
    timing.poll = .milliseconds(100)
    timing.pollWithoutBus = .milliseconds(30)
    timing.pollWhileAwaited = .milliseconds(10)
    timing.heartbeat = .milliseconds(20)
    timing.idleAnnouncement = .milliseconds(100)
    timing.settle = .milliseconds(40)
    return timing
  }

  /// Timing with which nothing but messages and explicit polls moves a reader.
  static var slow: StreamTiming {
    var timing = StreamTiming()
    timing.poll = .seconds(600)
    timing.pollWithoutBus = .seconds(600)
    timing.pollWhileAwaited = .seconds(600)
    timing.heartbeat = .seconds(600)
    return timing
  }

  /// Commits rows and tells everybody, as the event persister does.
  @discardableResult
  func commit(_ values: String..., report: Bool = true) async throws -> Int64 {
    let rows = try await database.transaction { transaction in
      let answers = try await transaction.queryAll([
        self.lease.fence(), Query(TestRows.draw, [.int(Int64(values.count))]),
      ])
      let drawn = (0..<answers[1].count).compactMap { answers[1].int($0, 0) }
      try await transaction.commit(with: [
        Query(
          TestRows.insert,
          [.int(Int64(self.lease.writer.raw)), .ints(drawn), .texts(values)]),
        self.lease.positionUpdate(drawn.last ?? 0),
      ])
      return zip(drawn, values).map { StreamRow(position: $0, row: $1) }
    }
    if report { writer.committed(rows) }
    return rows.last?.position ?? 0
  }

  /// Starts the node and keeps it going during `body`.
  func running<Value: Sendable>(
    heartbeats: Bool = true, _ body: @Sendable () async throws -> Value
  ) async throws -> Value {
    try await hub.start()
    try await lease.acquire()
    return try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await self.hub.run() }
      if heartbeats { group.addTask { await self.writer.run() } }
      defer { group.cancelAll() }
      return try await body()
    }
  }
}

/// Two nodes on one database, both running.
func withTwoNodes(
  timing: StreamTiming = TestNode.quick, heartbeats: Bool = true,
  _ body: @Sendable (TestNode, TestNode, TestNetwork) async throws -> Void
) async throws {
  try await TestPostgres.withDatabase(migrations: TestRows.migrations) { database in
    let network = TestNetwork()
    let first = try await TestNode("first", database, bus: network.bus(), timing: timing)
    let second = try await TestNode("second", database, bus: network.bus(), timing: timing)
    try await first.running(heartbeats: heartbeats) {
      try await second.running(heartbeats: heartbeats) { try await body(first, second, network) }
    }
  }
}
