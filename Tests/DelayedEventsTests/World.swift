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
import Testing

@testable import DelayedEvents

/// One process that writes rooms and sends events later.
struct World: Sendable {
  static let migrations =
    StreamsSchema.migrations + AccountsSchema.migrations + RoomsSchema.migrations
    + PushRulesSchema.migrations + DelayedEventsSchema.migrations
  static let start: Int64 = 1_700_000_000_000

  let database: Database
  let clock: ManualClock
  let writer: EventWriter
  let alice: Requester
  let bob: Requester
  let create: CreateRoom
  private let hub: ReplicationHub
  private let lease: WriterLease

  static func start(_ database: Database) async throws -> World {
    let id = try await InstanceRegistry.register("writer", on: database)
    let world = try World(database, writerID: id)
    try await world.hub.start()
    try await world.lease.acquire()
    return world
  }

  private init(_ database: Database, writerID: WriterID) throws {
    var timing = StreamTiming()
    timing.leaseDuration = .seconds(300)
    let logger = TestPostgres.logger
    let serverName = try #require(ServerName("test.example"))
    let key = try SigningKey(fileText: "ed25519 1 YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1")
    self.database = database
    clock = ManualClock(Self.start)
    hub = ReplicationHub(
      bus: InMemoryBus(), database: database, instanceName: "writer", timing: timing,
      logger: logger)
    let reader = hub.makeReader(EventStore(database: database).streamDefinition())
    lease = WriterLease(
      stream: .events, writer: writerID, workerName: "writer", database: database,
      timing: timing, logger: logger)
    writer = EventWriter(
      database: database, machine: RoomMachine(serverName: serverName, signingKey: key),
      lease: lease, stream: hub.makeWriter(for: reader, lease: lease), delayed: StoredDelays(),
      clock: clock, logger: logger)
    create = CreateRoom(
      persister: writer, aliases: AliasStore(database: database),
      profiles: Profiles(database: database), serverName: serverName, signingKey: key,
      clock: clock)
    alice = try Self.requester("@alice:test.example")
    bob = try Self.requester("@bob:test.example")
  }

  private static func requester(_ name: String) throws -> Requester {
    Requester(userID: try #require(UserID(name)), deviceID: "DEVICE", tokenHash: [])
  }

  /// Gives `body` a running process on an empty database.
  static func with(_ body: @Sendable (World) async throws -> Void) async throws {
    try await TestPostgres.withDatabase(migrations: migrations) { database in
      let world = try await World.start(database)
      try await whileRunning([{ await world.hub.run() }, { await world.writer.run() }]) {
        try await body(world)
      }
    }
  }
}

extension World {
  static let limits = DelayedEventLimits(
    longestDelay: 100_000, perUser: 1_000, keptPerUser: 3, keptFor: 1_000_000)

  var hints: DelayedEventHints { DelayedEventHints(feed: hub.invalidations) }
  var claims: ClaimStore { claims(of: "a") }
  var store: DelayedEventStore { DelayedEventStore(database: database) }
  var read: ReadDelayedEvents { ReadDelayedEvents(database: database) }

  var sender: SendDelayed {
    SendDelayed(
      persister: writer,
      send: SendEvent(
        persister: writer, aliases: AliasStore(database: database),
        states: StateStore(database: database)))
  }

  var manage: ManageDelayedEvents {
    ManageDelayedEvents(store: store, sender: sender, hints: hints, clock: clock)
  }

  var batch: DelayedBatch {
    DelayedBatch(
      sender: sender, database: database,
      describe: { Array("{\"error\":\"\(type(of: $0))\"}".utf8) }, clock: clock,
      logger: TestPostgres.logger)
  }

  func runner(_ name: String) -> DelayedEventRunner {
    DelayedEventRunner(
      name: name, batch: batch, hints: hints, database: database, clock: clock,
      logger: TestPostgres.logger)
  }

  func schedule(_ limits: DelayedEventLimits = World.limits) -> ScheduleDelayedEvent {
    ScheduleDelayedEvent(
      limits: limits, store: store, memberships: MembershipStore(database: database),
      hints: hints, clock: clock)
  }

  func makeRoom() async throws -> RoomID {
    var options = RoomOptions()
    options.preset = .publicChat
    return try await create.create(options, by: alice.userID).room
  }

  func wish(
    _ body: String, in room: RoomID, delay: Int64 = 1_000, transaction: String? = nil
  ) throws -> ScheduleDelayedEvent.Wish {
    let content = JSON.object(["body": .string(body), "msgtype": "m.text"]).bytes
    return ScheduleDelayedEvent.Wish(
      roomID: room, type: "m.room.message", stateKey: nil,
      content: try JSONDocument(content).root, delay: delay, transactionID: transaction)
  }

  /// - Returns: the delay id.
  @discardableResult
  func say(_ body: String, in room: RoomID, delay: Int64 = 1_000) async throws -> String {
    try await schedule()(try wish(body, in: room, delay: delay), by: alice)
  }

  func state(_ delayID: String) async throws -> DelayedEvent {
    try #require(try await store.find(delayID, of: alice.userID))
  }

  func fail(_ claimed: ClaimedDelay) async throws {
    try await FinalisedDelays.fail(
      claimed, Array("{}".utf8), now: clock.now(), on: database)
  }

  /// The texts of a room's messages, in their order.
  func bodies(_ room: RoomID) async throws -> [String] {
    try await events(room).compactMap { $0.event.content["body"]?.string }
  }

  func events(_ room: RoomID) async throws -> [StoredEvent] {
    try await EventStore(database: database).forwards(in: room, after: .min, limit: 10_000)
  }

  func claims(of holder: String) -> ClaimStore {
    ClaimStore(holder: holder, database: database)
  }

  /// Takes what is due now, with a lease that lasts as long as a test.
  /// - Parameter own: what the holder has already.
  func claim(
    as holder: String = "a", _ limit: Int = 100, besides own: [ClaimedDelay] = []
  ) async throws -> [ClaimedDelay] {
    try await claims(of: holder).claim(
      limit, besides: own, lease: 1_000_000, now: clock.now()
    ).taken
  }

  /// As if its runner had not been heard of for long.
  func endLease(of holder: String) async throws {
    try await claims(of: holder).renew(-1_000)
  }
}
