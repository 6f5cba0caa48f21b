import MatrixIdentifiers
import Postgres
import Rooms
import Streams
import TestKit

@testable import DeviceKeys
@testable import Sync

/// A process that writes events and changes of devices, and remembers what /sync needs of them.
struct DeviceWorld: Sendable {
  /// Positions of both streams.
  struct Token: Sendable {
    let events: VectorToken
    let devices: VectorToken
  }

  let world: World
  let owner: LocalOwner
  private let listOwner: DeviceListOwner
  let reader: StreamReader<DeviceListRow>
  let loader: MemoryLoader
  let changes: DeviceChanges
  private let database: any Querying

  fileprivate init(
    _ world: World, _ listOwner: DeviceListOwner, _ reader: StreamReader<DeviceListRow>,
    _ database: any Querying
  ) {
    self.world = world
    self.listOwner = listOwner
    owner = LocalOwner()
    listOwner.register(in: owner)
    self.reader = reader
    self.database = database
    loader = Remembering(world, database).loader
    changes = Self.changes(world, reader, database)
  }

  private static func changes(
    _ world: World, _ reader: StreamReader<DeviceListRow>, _ database: any Querying
  ) -> DeviceChanges {
    DeviceChanges(
      memory: DeviceListMemory(reader: reader, store: DeviceListStore(database: world.database)),
      joinedRooms: JoinedRooms(
        memberships: MembershipStore(database: database), events: world.main.reader),
      events: world.main.reader, database: database)
  }

  /// One that begins now: it has to ask the database for what was before.
  func latecomer() -> DeviceChanges {
    Self.changes(world, reader, database)
  }

  var token: Token {
    Token(events: world.main.reader.current, devices: reader.current)
  }

  /// Gives somebody a device with keys.
  func addDevice(of user: String) async throws {
    _ = try await world.database.query(
      Statement(
        "test_identity",
        "INSERT INTO device_identity_keys VALUES ($1, 'D', '{}', '{}') ON CONFLICT DO NOTHING"),
      [.text(user)])
  }

  /// Has the devices of somebody change.
  func changeDevice(of user: String) async throws {
    try await DeviceKeysObserver.note(["D"], of: try world.user(user), by: owner)
  }

  /// Has somebody sign the keys of another, without keys.
  func sign(_ user: String, by signer: String) async throws {
    let (signer, row) = (
      try world.user(signer),
      DeviceListRow(userID: try world.user(user), deviceID: "", audience: try world.user(signer))
    )
    _ = try await listOwner.committer.commit(
      listOwner.change(of: signer, reads: []) { _ in DeviceListOwner.Step(rows: [row]) })
  }

  func find(
    _ user: String, since: Token, _ changes: DeviceChanges? = nil
  ) async throws -> DeviceChanges.Found {
    let user = try world.user(user)
    try await loader.loadUser(user)
    let rooms = loader.memory.withState { $0.users[user] } ?? UserRooms([])
    let now = token
    return try await (changes ?? self.changes).find(
      for: user, in: rooms,
      DeviceChanges.Stretch(
        devicesSince: since.devices, devicesNow: now.devices, eventsSince: since.events,
        eventsNow: now.events), loader)
  }
}

/// Gives `body` a running process on an empty database.
/// - Parameter watched: through which it is found out who shares rooms.
func withDeviceWorld(
  through watched: @Sendable (Database) -> any Querying = { $0 },
  _ body: @Sendable (DeviceWorld) async throws -> Void
) async throws {
  let migrations = World.migrations + DeviceKeysSchema.migrations
  try await TestPostgres.withDatabase(migrations: migrations) { database in
    let world = try await World.start(database)
    let id = try await InstanceRegistry.register("main", on: database)
    let stream = WrittenStream(
      DeviceListStore(database: database).streamDefinition(), world.main.hub, id, database)
    try await stream.lease.acquire()
    let devices = DeviceWorld(
      world, DeviceListOwner(committer: stream.committer, writer: id), stream.reader,
      watched(database))
    try await whileRunning([
      { await world.main.hub.run() }, { await world.writer.run() },
      { await stream.committer.run() },
    ]) { try await body(devices) }
  }
}
