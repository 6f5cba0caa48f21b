import Accounts
import Executors
import MatrixCrypto
import MatrixIdentifiers
import MatrixJSON
import Postgres
import PushRules
import RoomEvents
import Streams
import TestKit

@testable import Rooms

/// One process that writes and reads rooms.
struct World: Sendable {
  static let migrations =
    StreamsSchema.migrations + AccountsSchema.migrations + RoomsSchema.migrations
    + PushRulesSchema.migrations

  let database: Database
  let reader: StreamReader<StoredEvent>
  let lease: WriterLease
  let stream: StreamWriter<StoredEvent>
  let writer: EventWriter
  let clock: ManualClock
  let key: SigningKey
  let serverName: ServerName
  /// What the reader delivered, in its order.
  let delivered: Locked<[StoredEvent]>
  let create: CreateRoom
  private let hub: ReplicationHub

  /// Takes the lease of the instance `name`, from an earlier world of that name if need be.
  static func start(
    _ database: Database, name: String = "writer",
    clock: ManualClock = ManualClock(1_700_000_000_000)
  ) async throws -> World {
    let id = try await InstanceRegistry.register(name, on: database)
    let world = try World(database, writerID: id, name: name, clock: clock)
    try await world.hub.start()
    try await world.lease.acquire()
    return world
  }

  private init(
    _ database: Database, writerID: WriterID, name: String, clock: ManualClock
  ) throws {
    var timing = StreamTiming()
    timing.leaseDuration = .seconds(300)
    timing.poll = .milliseconds(20)
    let logger = TestPostgres.logger
    self.database = database
    self.clock = clock
    key = try SigningKey(fileText: "ed25519 1 YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1")
    serverName = try present(ServerName(RoomFixture.server), "server name")
    hub = ReplicationHub(
      bus: InMemoryBus(), database: database, instanceName: name, timing: timing, logger: logger)
    reader = hub.makeReader(EventStore(database: database).streamDefinition())
    lease = WriterLease(
      stream: .events, writer: writerID, workerName: name, database: database, timing: timing,
      logger: logger)
    stream = hub.makeWriter(for: reader, lease: lease)
    writer = EventWriter(
      database: database, machine: RoomMachine(serverName: serverName, signingKey: key),
      lease: lease, stream: stream, clock: clock, logger: logger)
    create = CreateRoom(
      persister: writer, aliases: AliasStore(database: database),
      profiles: Profiles(database: database), serverName: serverName, signingKey: key,
      clock: clock)
    let delivered = Locked<[StoredEvent]>([])
    self.delivered = delivered
    reader.onAdvance { batch in
      delivered.withLock { $0 += batch.rows.map(\.row) }
    }
  }

  /// A writer of the same process that remembers nothing, as after a restart. Not running.
  func anotherWriter() -> EventWriter {
    EventWriter(
      database: database, machine: RoomMachine(serverName: serverName, signingKey: key),
      lease: lease, stream: stream, clock: clock, logger: TestPostgres.logger)
  }

  /// Has a request carried out by a writer that remembers nothing.
  func persistAfterRestart(_ request: PersistRequest) async throws -> [PersistedEvent] {
    try present(try await inOneBatch([request]).first, "answer").get()
  }

  /// Has requests decided in one batch, by a writer that remembers nothing.
  func inOneBatch(
    _ requests: [PersistRequest]
  ) async throws -> [Result<[PersistedEvent], PersistError>] {
    let writer = anotherWriter()
    let answers = Locked<[Int: Result<[PersistedEvent], PersistError>]>([:])
    return try await withThrowingTaskGroup(of: Void.self) { group in
      for (index, request) in requests.enumerated() {
        group.addTask {
          let answer: Result<[PersistedEvent], PersistError>
          do throws(PersistError) {
            answer = .success(try await writer.persist(request))
          } catch {
            answer = .failure(error)
          }
          answers.withLock { $0[index] = answer }
        }
        try await eventually { await writer.queue.count == index + 1 }
      }
      try await whileRunning([{ await writer.run() }]) {
        try await eventually { answers.withLock { $0.count } == requests.count }
      }
      return requests.indices.compactMap { index in answers.withLock { $0[index] } }
    }
  }

  /// Keeps the process going during `body`.
  func running<Value: Sendable>(
    _ body: @Sendable () async throws -> Value
  ) async throws -> Value {
    try await whileRunning([{ await hub.run() }, { await writer.run() }], body)
  }
}

/// Gives `body` a running process on an empty database.
func withWorld(_ body: @Sendable (World) async throws -> Void) async throws {
  try await TestPostgres.withDatabase(migrations: World.migrations) { database in
    let world = try await World.start(database)
    try await world.running { try await body(world) }
  }
}

extension World {
  var events: EventStore { EventStore(database: database) }
  var states: StateStore { StateStore(database: database) }
  var memberships: MembershipStore { MembershipStore(database: database) }
  var aliases: AliasStore { AliasStore(database: database) }
  var snapshots: RoomSnapshotStore { RoomSnapshotStore(database: database) }
  var profiles: Profiles { Profiles(database: database) }

  var membership: ChangeMembership { membership(invitations: nil) }
  func membership(invitations: (any InvitePermissions)?) -> ChangeMembership {
    ChangeMembership(
      persister: writer, memberships: memberships,
      restricted: RestrictedJoins(
        states: states, conditions: JoinConditionStore(database: database),
        serverName: serverName),
      follow: FollowRoom(states: states, successions: []),
      blocked: BlockedRooms(database: database), profiles: profiles, invitations: invitations,
      serverName: serverName)
  }
  var send: SendEvent { SendEvent(persister: writer, aliases: aliases, states: states) }
  var access: RoomAccess { RoomAccess(memberships: memberships, states: states) }
  /// Nobody ignores anybody, unless a test says so.
  func bundler(ignored: any IgnoredSenders = Ignored()) -> BundleRelations {
    BundleRelations(store: BundleStore(database: database), ignored: ignored)
  }
  func relations(ignored: any IgnoredSenders = Ignored()) -> ReadRelations {
    ReadRelations(
      access: access, events: events, relations: RelationStore(database: database),
      threads: ThreadStore(database: database), bundler: bundler(ignored: ignored),
      ignored: ignored)
  }
  var read: ReadRoom {
    ReadRoom(states: states, events: events, memberships: memberships, bundler: bundler())
  }
  var history: ReadHistory {
    ReadHistory(
      states: states, events: events, memberships: memberships,
      relations: RelationStore(database: database), bundler: bundler(), ignored: Ignored())
  }
  var directory: RoomDirectory {
    RoomDirectory(
      aliases: aliases, states: states, memberships: memberships, requiresMembership: false,
      serverName: serverName, clock: clock)
  }

  /// A public room of Alice's.
  func makeRoom(_ version: RoomVersion = .v12) async throws -> RoomID {
    var options = RoomOptions()
    options.version = version
    options.preset = .publicChat
    return try await create.create(options, by: try RoomFixture.user(RoomFixture.alice)).room
  }

  /// Writes one intent.
  @discardableResult
  func persist(_ intent: EventIntent, in room: RoomID) async throws -> PersistedEvent {
    try present(
      try await writer.persist(PersistRequest(roomID: room, intents: [intent])).first, "answer")
  }

  @discardableResult
  func say(
    _ body: String, in room: RoomID, by sender: String = RoomFixture.alice,
    transaction: String? = nil
  ) async throws -> PersistedEvent {
    try await persist(
      try RoomFixture.message(body, by: sender, transaction: transaction), in: room)
  }

  @discardableResult
  func set(
    _ type: String, _ key: String = "", _ content: JSON, in room: RoomID,
    by sender: String = RoomFixture.alice
  ) async throws -> PersistedEvent {
    try await persist(try RoomFixture.state(type, key, content, by: sender), in: room)
  }

  @discardableResult
  func member(
    _ user: String, _ membership: String, in room: RoomID, by sender: String? = nil
  ) async throws -> PersistedEvent {
    try await set(
      "m.room.member", user, ["membership": .string(membership)], in: room, by: sender ?? user)
  }

  /// All of a room's events, oldest first.
  func story(of room: RoomID) async throws -> [StoredEvent] {
    try await events.forwards(in: room, after: .min, limit: 10_000)
  }

  func stored(_ id: EventID) async throws -> StoredEvent {
    try present(try await events.event(id), "event")
  }

  /// The number that a query gives.
  func number(_ name: String, _ sql: String) async throws -> Int64? {
    try await database.query(Statement("test_\(name)", sql)).int(0, 0)
  }

  func run(_ sql: String) async throws {
    try await database.runScript(sql)
  }
}

/// The bodies of messages, for comparing stories.
func bodies(_ events: [StoredEvent]) -> [String] {
  events.compactMap { $0.event.content["body"]?.string }
}

/// The members of an event's `unsigned` that are the same for all readers.
func unsigned(of stored: StoredEvent) throws -> JSONView {
  let parts = [stored.replaced, stored.unsigned].filter { !$0.isEmpty }
  let members = Array(parts.joined(separator: [UInt8(ascii: ",")]))
  return try JSONDocument(
    [UInt8(ascii: "{")] + members + [UInt8(ascii: "}")], limits: .event
  ).root
}

extension RoomFixture {
  static func room(_ text: String) throws -> RoomID {
    try present(RoomID(text), "room id")
  }

  static func redaction(
    of target: EventID, by sender: String, transaction: String? = nil
  ) throws -> EventIntent {
    var intent = try message("", by: sender, transaction: transaction)
    intent.type = "m.room.redaction"
    intent.content = Array("{}".utf8)
    intent.redacts = target
    return intent
  }
}

/// Whom users ignore, as a test says.
struct Ignored: IgnoredSenders {
  var lists: [UserID: Set<UserID>] = [:]

  func ignored(by user: UserID) async throws -> Set<UserID> {
    lists[user] ?? []
  }
}
