import Accounts
import Executors
import MatrixIdentifiers
import Postgres
import Streams
import TestKit

@testable import DeviceMessages

/// A process that sends messages, writes its share of the stream and reads all of it.
struct Process: Sendable {
  let reader: StreamReader<DeviceMessageRow>
  let inboxes: DeviceInboxes
  let database: CountingDatabase
  fileprivate let local = LocalOwner()
  private let hub: ReplicationHub
  private let lease: WriterLease
  private let stream: StreamWriter<DeviceMessageRow>
  private let committer: StreamCommitter<DeviceMessageRow>

  fileprivate init(_ name: String, on database: Database) async throws {
    var timing = StreamTiming()
    timing.leaseDuration = .seconds(300)
    timing.poll = .milliseconds(20)
    timing.settle = .milliseconds(20)
    timing.heartbeat = .milliseconds(10)
    let logger = TestPostgres.logger
    let id = try await InstanceRegistry.register(name, on: database)
    self.database = CountingDatabase(database)
    hub = ReplicationHub(
      bus: InMemoryBus(), database: database, instanceName: name, timing: timing, logger: logger)
    let store = DeviceMessageStore(database: self.database)
    reader = hub.makeReader(store.streamDefinition())
    lease = WriterLease(
      stream: .toDevice, writer: id, workerName: name, database: database, timing: timing,
      logger: logger)
    stream = hub.makeWriter(for: reader, lease: lease)
    committer = StreamCommitter(
      database: database, lease: lease, stream: stream, logger: logger)
    inboxes = DeviceInboxes(reader: reader, store: store)
    DeviceMessageOwner(committer: committer, writer: id).register(in: local)
    try await hub.start()
    try await lease.acquire()
  }

  fileprivate func run() async {
    await withDiscardingTaskGroup { group in
      group.addTask { await hub.run() }
      group.addTask { await stream.run() }
      group.addTask { await committer.run() }
    }
  }
}

/// Counts the statements that are not part of a transaction.
struct CountingDatabase: Querying {
  private let database: Database
  private let count = Locked(0)

  init(_ database: Database) {
    self.database = database
  }

  func query(_ statement: Statement, _ binds: [Bind]) async throws -> Rows {
    if statement.name.hasPrefix("device_messages_waiting")
      || statement.name.hasPrefix("device_messages_acknowledge")
    {
      count.withLock { $0 += 1 }
    }
    return try await database.query(statement, binds)
  }

  func queryAll(_ batch: [Query]) async throws -> [Rows] {
    try await database.queryAll(batch)
  }

  /// How many times inboxes were looked at or emptied during `body`.
  func statements(during body: () async throws -> Void) async throws -> Int {
    let before = count.withLock { $0 }
    try await body()
    return count.withLock { $0 } - before
  }
}

/// Two processes on one database, both of which write the stream.
struct World: Sendable {
  static let migrations =
    StreamsSchema.migrations + AccountsSchema.migrations + DeviceMessagesSchema.migrations
  static let server = "a.example"

  let database: Database
  let first: Process
  let second: Process
  let owners: ShardedOwners

  fileprivate init(_ database: Database) async throws {
    self.database = database
    first = try await Process("first", on: database)
    second = try await Process("second", on: database)
    let shards = try present(ShardMap(writers: ["first", "second"]), "writers")
    owners = ShardedOwners(
      shards: [.toDevice: shards], instances: ["first": first.local, "second": second.local])
  }

  fileprivate func run(_ body: @Sendable (World) async throws -> Void) async throws {
    try await whileRunning([{ await first.run() }, { await second.run() }]) {
      try await body(self)
    }
  }
}

struct Missing: Error {
  let what: String
}

/// The value, or an error that names what is missing.
func present<Value>(_ value: Value?, _ what: String) throws -> Value {
  guard let value else { throw Missing(what: what) }
  return value
}

/// Gives `body` the running processes on an empty database.
func withWorld(_ body: @Sendable (World) async throws -> Void) async throws {
  try await TestPostgres.withDatabase(migrations: World.migrations) { database in
    try await World(database).run(body)
  }
}

// What users do.
extension World {
  private static let addUser = Statement(
    "test_user", "INSERT INTO users (user_id, created_at) VALUES ($1, 0) ON CONFLICT DO NOTHING")
  private static let addDevice = Statement(
    "test_device", "INSERT INTO devices (user_id, device_id, created_at) VALUES ($1, $2, 0)")
  private static let removeDevice = Statement(
    "test_remove", "DELETE FROM devices WHERE user_id = $1 AND device_id = $2")

  /// - Parameter name: the user's localpart.
  static func device(_ name: String, _ device: String) throws -> DeviceAddress {
    DeviceAddress(
      userID: try present(UserID("@\(name):\(server)"), "user id"), deviceID: device)
  }

  @discardableResult
  func makeDevice(_ name: String, _ device: String) async throws -> DeviceAddress {
    let address = try Self.device(name, device)
    _ = try await database.query(Self.addUser, [.text(address.userID.text)])
    _ = try await database.query(
      Self.addDevice, [.text(address.userID.text), .text(device)])
    return address
  }

  func remove(_ device: DeviceAddress) async throws {
    _ = try await database.query(
      Self.removeDevice, [.text(device.userID.text), .text(device.deviceID)])
  }

  func send(
    _ messages: [DeviceMessage], from sender: DeviceAddress, id: String, type: String = "m.test"
  ) async throws {
    let send = SendToDevice(
      owner: owners, serverName: try present(ServerName(Self.server), "server name"))
    try await send(
      DeviceMessageTransaction(
        sender: sender.userID, deviceID: sender.deviceID, type: type, id: id, messages: messages))
  }

  /// One message for one device, with a number in it.
  func send(
    _ number: Int, from sender: DeviceAddress, to device: DeviceAddress
  ) async throws {
    try await send(
      [
        DeviceMessage(
          to: device.userID, deviceID: device.deviceID, content: Array("{\"n\":\(number)}".utf8))
      ], from: sender, id: "t\(number)")
  }

  /// Waits until both processes know of all that was sent.
  func settled() async throws {
    let last = try await database.query(
      Statement("test_last", "SELECT coalesce(max(stream_id), 0) FROM device_messages"))
    let position = try present(last.int(0, 0), "position")
    for process in [first, second] {
      try await eventually { process.reader.current.minimum >= position }
    }
  }

  func count(_ table: String) async throws -> Int64 {
    let rows = try await database.query(
      Statement("test_count_\(table)", "SELECT count(*) FROM \(table)"))
    return try present(rows.int(0, 0), "count")
  }
}

extension Process {
  /// All that waits for a device, as texts.
  func waiting(
    for device: DeviceAddress, since: VectorToken? = nil
  ) async throws -> [String] {
    try await inboxes.page(for: device, since: since, upTo: reader.current).texts
  }
}

extension DeviceInboxes.Page {
  var texts: [String] { events.map { String(decoding: $0, as: UTF8.self) } }
}

/// The event of a numbered message.
func event(_ number: Int, from sender: DeviceAddress, type: String = "m.test") -> String {
  #"{"content":{"n":\#(number)},"sender":"\#(sender.userID.text)","type":"\#(type)"}"#
}
