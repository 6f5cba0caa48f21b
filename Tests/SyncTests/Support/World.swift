import Accounts
import Executors
import MatrixCrypto
import MatrixIdentifiers
import MatrixJSON
import Postgres
import PushRules
import RoomEvents
import Rooms
import Streams
import TestKit

@testable import Sync

/// A process that answers /sync.
struct Worker: Sendable {
  let hub: ReplicationHub
  let reader: StreamReader<StoredEvent>
  let engine: SyncEngine

  fileprivate init(
    _ hub: ReplicationHub, _ reader: StreamReader<StoredEvent>, _ database: Database,
    _ clock: any WallClock
  ) {
    self.hub = hub
    self.reader = reader
    engine = SyncEngine(
      reader: reader, database: database, executor: TestLoop.executor, clock: clock)
  }

  /// Waits until the worker knows what another knows.
  func catchUp(with other: Worker) async throws {
    guard await reader.waitUntil(covers: other.reader.current, timeout: .seconds(20)) else {
      throw Missing(what: "the other worker's position")
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

/// A process that writes events and answers /sync, and others that only answer.
struct World: Sendable {
  static let migrations =
    StreamsSchema.migrations + AccountsSchema.migrations + RoomsSchema.migrations
    + PushRulesSchema.migrations
    + SyncSchema.migrations
  static let server = "a.example"
  static let alice = "@alice:a.example"
  static let bob = "@bob:a.example"
  static let carol = "@carol:a.example"

  let database: Database
  let clock = ManualClock(1_700_000_000_000)
  let board = Switchboard()
  /// The writer's process.
  let main: Worker
  let writer: EventWriter
  private let create: CreateRoom
  private let lease: WriterLease

  static func start(_ database: Database) async throws -> World {
    let id = try await InstanceRegistry.register("main", on: database)
    let world = try World(database, id)
    try await world.main.hub.start()
    try await world.lease.acquire()
    return world
  }

  private init(_ database: Database, _ id: WriterID) throws {
    let logger = TestPostgres.logger
    self.database = database
    let serverName = try present(ServerName(Self.server), "server name")
    let key = try SigningKey(fileText: "ed25519 1 YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1")
    let hub = Self.hub(0, board, database)
    let reader = hub.makeReader(EventStore(database: database).streamDefinition())
    lease = WriterLease(
      stream: .events, writer: id, workerName: "main", database: database,
      timing: Self.timing, logger: logger)
    writer = EventWriter(
      database: database, machine: RoomMachine(serverName: serverName, signingKey: key),
      lease: lease, stream: hub.makeWriter(for: reader, lease: lease), clock: clock,
      logger: logger)
    main = Worker(hub, reader, database, clock)
    create = CreateRoom(
      persister: writer, aliases: AliasStore(database: database),
      profiles: Profiles(database: database), serverName: serverName, signingKey: key,
      clock: clock)
  }

  private static var timing: StreamTiming {
    var timing = StreamTiming()
    timing.leaseDuration = .seconds(300)
    timing.poll = .milliseconds(20)
    timing.pollWhileAwaited = .milliseconds(5)
    return timing
  }

  private static func hub(
    _ process: Int, _ board: Switchboard, _ database: Database
  ) -> ReplicationHub {
    ReplicationHub(
      bus: board.bus(of: process), database: database, instanceName: "process\(process)",
      timing: timing, logger: TestPostgres.logger)
  }

  /// A further worker; it looks into the database while its hub runs.
  func worker(_ number: Int, on board: Switchboard? = nil) async throws -> Worker {
    let hub = Self.hub(number, board ?? self.board, database)
    let reader = hub.makeReader(EventStore(database: database).streamDefinition())
    try await hub.start()
    return Worker(hub, reader, database, clock)
  }
}

/// Gives `body` a running process on an empty database.
func withWorld(_ body: @Sendable (World) async throws -> Void) async throws {
  try await TestPostgres.withDatabase(migrations: World.migrations) { database in
    let world = try await World.start(database)
    try await whileRunning([
      { await world.main.hub.run() }, { await world.writer.run() },
    ]) { try await body(world) }
  }
}

/// Gives `body` a running process and another worker beside it.
func withTwoWorkers(_ body: @Sendable (World, Worker) async throws -> Void) async throws {
  try await withWorld { world in
    let worker = try await world.worker(1)
    try await whileRunning([{ await worker.hub.run() }]) { try await body(world, worker) }
  }
}

// What users do.
extension World {
  func user(_ text: String) throws -> UserID {
    try present(UserID(text), "user id")
  }

  /// A room of Alice's, or somebody else's.
  func makeRoom(
    _ preset: RoomOptions.Preset = .publicChat, name: String? = nil,
    state: [RoomOptions.State] = [], by creator: String = alice
  ) async throws -> RoomID {
    var options = RoomOptions()
    options.preset = preset
    options.name = name
    options.initialState = state
    return try await create.create(options, by: try user(creator)).room
  }

  @discardableResult
  func write(_ intents: [EventIntent], in room: RoomID) async throws -> [EventID] {
    try await writer.persist(PersistRequest(roomID: room, intents: intents)).map(\.eventID)
  }

  @discardableResult
  func say(
    _ body: String, in room: RoomID, by sender: String = alice, device: String? = nil
  ) async throws -> EventID {
    let content: JSON = ["body": .string(body), "msgtype": "m.text"]
    let sender = try user(sender)
    let intent = EventIntent(
      type: "m.room.message", sender: sender, content: content.bytes,
      transaction: device.map {
        TransactionKey(
          userID: sender, deviceID: $0, transactionID: "txn-\(body)", endpoint: "m.room.message")
      })
    return try present(try await write([intent], in: room).first, "event")
  }

  /// Messages `first` to `last`.
  func say(_ numbers: ClosedRange<Int>, in room: RoomID) async throws {
    for number in numbers { try await say("m\(number)", in: room) }
  }

  @discardableResult
  func set(
    _ type: String, _ key: String = "", _ content: JSON, in room: RoomID,
    by sender: String = alice
  ) async throws -> EventID {
    let intent = EventIntent(
      type: type, stateKey: key, sender: try user(sender), content: content.bytes)
    return try present(try await write([intent], in: room).first, "event")
  }

  @discardableResult
  func topic(_ text: String, in room: RoomID) async throws -> EventID {
    try await set("m.room.topic", "", ["topic": .string(text)], in: room)
  }

  @discardableResult
  func member(
    _ user: String, _ membership: String, in room: RoomID, by sender: String? = nil,
    name: String? = nil
  ) async throws -> EventID {
    var content: JSON = ["membership": .string(membership)]
    if let name { content["displayname"] = .string(name) }
    return try await set("m.room.member", user, content, in: room, by: sender ?? user)
  }

  func redact(_ target: EventID, in room: RoomID, by sender: String = alice) async throws {
    let intent = EventIntent(
      type: "m.room.redaction", sender: try user(sender), content: Array("{}".utf8),
      redacts: target)
    try await write([intent], in: room)
  }

  func story(of room: RoomID) async throws -> [StoredEvent] {
    try await EventStore(database: database).forwards(in: room, after: .min, limit: 10_000)
  }

  /// The room's current state as ids by place.
  func state(of room: RoomID) async throws -> [Place: String] {
    var state: [Place: String] = [:]
    for stored in try await StateStore(database: database).current([room]) {
      state[Place(stored.event.type, stored.event.stateKey ?? "")] = stored.event.eventID.text
    }
    return state
  }

  var history: ReadHistory {
    ReadHistory(
      states: StateStore(database: database), events: EventStore(database: database),
      memberships: MembershipStore(database: database),
      relations: RelationStore(database: database),
      bundler: BundleRelations(store: BundleStore(database: database), ignored: NobodyIgnored()),
      ignored: NobodyIgnored())
  }
}

struct NobodyIgnored: IgnoredSenders {
  func ignored(by user: UserID) async throws -> Set<UserID> { [] }
}

/// A place in a room's state, as clients see it.
struct Place: Hashable, Sendable, CustomStringConvertible {
  let type: String
  let key: String

  init(_ type: String, _ key: String = "") {
    self.type = type
    self.key = key
  }

  var description: String { "\(type)|\(key)" }
}
