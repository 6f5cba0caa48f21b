import Ephemera
import Executors
import MatrixIdentifiers
import MatrixJSON
import PushRules
import RoomEvents
import Rooms
import Streams
import TestKit
import Testing

@testable import Sync

/// Members of a room who all have seen what there is, at a worker whose queries are counted.
struct Crowd: Sendable {
  private static let members = (1...8).map { "@member\($0):a.example" }

  let world: World
  let room: RoomID
  let engine: SyncEngine
  /// Of the worker, not of the writer.
  let queries: CountingDatabase
  let typing: LatestValues
  let owner: LocalOwner

  /// What the worker follows beside events.
  fileprivate struct Followed: Sendable {
    let accountData: WrittenStream<AccountDataRow>
    let receipts: WrittenStream<Receipt>
    let typing: LatestValues
    let owner = LocalOwner()

    init(_ world: World) async throws {
      let (database, hub) = (world.database, world.main.hub)
      let id = try await InstanceRegistry.register("main", on: database)
      accountData = WrittenStream(
        AccountDataStore(database: database).streamDefinition(), hub, id, database)
      receipts = WrittenStream(
        ReceiptStore(database: database).streamDefinition(), hub, id, database)
      typing = LatestValues(
        .typing, writer: id, bus: InMemoryBus(), owner: owner, clock: world.clock)
      ReceiptOwner(committer: receipts.committer, writer: id).register(in: owner)
      for lease in [accountData.lease, receipts.lease] { try await lease.acquire() }
    }
  }

  fileprivate init(_ world: World, _ streams: Followed) async throws {
    self.world = world
    (typing, owner) = (streams.typing, streams.owner)
    let queries = CountingDatabase(world.database)
    self.queries = queries
    let ignored = IgnoredUsersIndex(reader: streams.accountData.reader, database: queries)
    engine = SyncEngine(
      reader: world.main.reader,
      providers: { waker in
        [
          AccountDataProvider(
            reader: streams.accountData.reader,
            memory: AccountDataMemory(
              reader: streams.accountData.reader, store: AccountDataStore(database: queries)),
            waker: waker),
          ReceiptsProvider(
            reader: streams.receipts.reader,
            memory: ReceiptMemory(
              reader: streams.receipts.reader, store: ReceiptStore(database: queries)),
            waker: waker),
          TypingProvider(values: streams.typing, waker: waker),
        ]
      },
      decorations: Self.decorations(world.main.reader, queries),
      ignored: { try await ignored.ignored(by: $0) },
      database: queries, executor: TestLoop.executor, clock: world.clock)
    room = try await world.makeRoom()
    for member in Self.members { try await world.member(member, "join", in: room) }
  }

  private static func decorations(
    _ reader: StreamReader<StoredEvent>, _ queries: CountingDatabase
  ) -> SyncDecorations {
    let unread = UnreadReader(database: queries, positions: NothingRead())
    reader.onInvalidate { batch in
      for row in batch.rows {
        unread.apply(
          EvaluatedEvent(
            room: row.row.event.roomID, streamOrdering: row.row.streamOrdering,
            push: row.row.push ?? EventPush(), reader: row.row.event.sender),
          departed: nil)
      }
    }
    let bundler = BundleRelations(
      store: BundleStore(database: queries), ignored: NobodyIgnored())
    var decorations = SyncDecorations(
      unread: { user, rooms in
        try await unread.unread(of: user, in: rooms).mapValues { _ in UnreadCounts() }
      },
      keys: { _, _ in KeyCounts() })
    decorations.bundles = { try await bundler.bundles(for: $0, to: $1, seeing: $2) }
    return decorations
  }

  /// Has everybody wait while the action happens, and get an answer thereafter.
  /// - Parameter meanwhile: once all are woken, before any is answered.
  func answers(
    to action: () async throws -> Void, meanwhile: () async throws -> Void = {}
  ) async throws -> [Answer] {
    let since = engine.position
    var polls: [SyncEngine.Poll] = []
    for member in Self.members {
      guard case .wait(let poll) = try await engine.begin(request(member, since: since)) else {
        throw Missing(what: "a request that waits")
      }
      polls.append(poll)
    }
    try await action()
    for poll in polls { #expect(await poll.waiter.value(ifCancelled: false)) }
    try await meanwhile()
    var answers: [Answer] = []
    for poll in polls {
      guard case .answer(let bytes) = try await engine.resume(poll, news: true) else {
        throw Missing(what: "an answer")
      }
      answers.append(try Answer(bytes))
    }
    return answers
  }

  /// Has the worker learn all that it needs of everybody.
  func warmUp() async throws {
    for member in Self.members { _ = try await engine.sync(request(member, since: nil)) }
    #expect(queries.taken().count >= Self.members.count)
    _ = try await answers(to: { try await world.say("first", in: room) })
    _ = queries.taken()
  }

  private func request(_ member: String, since: SyncToken?) throws -> SyncRequest {
    SyncRequest(
      userID: try world.user(member), deviceID: "D", since: since, timeout: .seconds(170),
      fullState: false, filter: SyncFilter())
  }
}

/// Gives `body` a crowd on an empty database.
func withCrowd(_ body: @Sendable (Crowd) async throws -> Void) async throws {
  let migrations = World.migrations + EphemeraSchema.migrations
  try await TestPostgres.withDatabase(migrations: migrations) { database in
    let world = try await World.start(database)
    let streams = try await Crowd.Followed(world)
    try await whileRunning([
      { await world.main.hub.run() }, { await world.writer.run() },
      { await streams.accountData.committer.run() }, { await streams.receipts.committer.run() },
    ]) {
      let crowd = try await Crowd(world, streams)
      try await crowd.warmUp()
      try await body(crowd)
    }
  }
}

private struct NothingRead: ReadPositions {
  func positions(of user: UserID, in rooms: [RoomID]) async throws -> [ReadPosition] { [] }
}
