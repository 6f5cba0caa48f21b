import DeviceMessages
import Ephemera
import Executors
import MatrixIdentifiers
import MatrixJSON
import Postgres
import PushRules
import Rooms
import Streams
import TestKit

@testable import Sync

/// The streams beside events, with their owners, each asked by itself.
struct ProviderWorld: Sendable {
  let database: Database
  let accountData: WrittenStream<AccountDataRow>
  let receipts: WrittenStream<Receipt>
  let pushRules: WrittenStream<UserID>
  let toDevice: WrittenStream<DeviceMessageRow>
  let typing: LatestValues
  let owner = LocalOwner()
  let waker = SyncWaker(memory: SyncMemory())
  fileprivate let hub: ReplicationHub

  fileprivate init(_ database: Database) async throws {
    self.database = database
    let id = try await InstanceRegistry.register("main", on: database)
    let bus = InMemoryBus()
    hub = ReplicationHub(
      bus: bus, database: database, instanceName: "main", logger: TestPostgres.logger)
    accountData = WrittenStream(
      AccountDataStore(database: database).streamDefinition(), hub, id, database)
    receipts = WrittenStream(ReceiptStore(database: database).streamDefinition(), hub, id, database)
    pushRules = WrittenStream(
      RulesetStore(database: database).streamDefinition(), hub, id, database)
    toDevice = WrittenStream(
      DeviceMessageStore(database: database).streamDefinition(), hub, id, database)
    typing = LatestValues(
      .typing, writer: id, bus: bus, owner: owner, clock: ManualClock(1_700_000_000_000))
    AccountDataOwner(committer: accountData.committer, writer: id).register(in: owner)
    ReceiptOwner(committer: receipts.committer, writer: id).register(in: owner)
    RulesetOwner(committer: pushRules.committer, writer: id).register(in: owner)
    DeviceMessageOwner(committer: toDevice.committer, writer: id).register(in: owner)
    try await hub.start()
    for lease in [accountData.lease, receipts.lease, pushRules.lease, toDevice.lease] {
      try await lease.acquire()
    }
  }
}

func withProviderWorld(_ body: @Sendable (ProviderWorld) async throws -> Void) async throws {
  let migrations = World.migrations + EphemeraSchema.migrations + DeviceMessagesSchema.migrations
  try await TestPostgres.withDatabase(migrations: migrations) { database in
    let world = try await ProviderWorld(database)
    try await whileRunning([
      { await world.hub.run() }, { await world.accountData.committer.run() },
      { await world.receipts.committer.run() }, { await world.pushRules.committer.run() },
      { await world.toDevice.committer.run() },
    ]) { try await body(world) }
  }
}

/// What a user who is in some rooms asks a provider.
struct ProviderQuestion {
  static let here = "!here:a.example"
  static let there = "!there:a.example"

  var user = World.alice
  var joined = [here, there]
  var left: [String] = []
  var entered: Set<String> = []
  var filter = SyncFilter()

  func request(since: VectorToken?, now: VectorToken) throws -> ProviderRequest {
    let user = try present(UserID(user), "user id")
    let rows = try (joined.map { ($0, "join") } + left.map { ($0, "leave") }).map { room, place in
      MembershipRow(
        userID: user, roomID: try present(RoomID(room), "room id"), membership: place,
        eventID: try present(EventID("$e"), "event id"), sender: user, streamOrdering: 1,
        writer: WriterID(raw: 1))
    }
    let told = since == nil ? joined : Array(entered)
    return ProviderRequest(
      sync: SyncRequest(
        userID: user, deviceID: "D", since: nil, timeout: .zero, fullState: false, filter: filter),
      since: since, now: now, eventsSince: since.map { _ in VectorToken(minimum: 1) },
      eventsNow: VectorToken(minimum: 1), rooms: UserRooms(rows),
      entered: Set(told.compactMap { RoomID($0) }.filter { filter.admits($0) }))
  }
}

extension SyncProvider {
  /// What there is to tell from a position to the present one.
  func news(
    _ question: ProviderQuestion, since: VectorToken?
  ) async throws -> (SyncNews, now: VectorToken) {
    let now = current
    return (try await news(for: question.request(since: since, now: now)), now)
  }
}

extension SyncNews {
  func accountData(of room: String) -> [JSONView] {
    views(RoomID(room).flatMap { rooms[$0] }?.accountData ?? [])
  }

  func ephemeral(of room: String) -> [JSONView] {
    views(RoomID(room).flatMap { rooms[$0] }?.ephemeral ?? [])
  }

  var globalAccountData: [JSONView] {
    views(accountData)
  }

  private func views(_ events: [[UInt8]]) -> [JSONView] {
    events.compactMap { try? JSONDocument($0).root }
  }
}
