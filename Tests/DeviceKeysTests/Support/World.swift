import Accounts
import Executors
import MatrixIdentifiers
import MatrixJSON
import Postgres
import Rooms
import Streams
import TestKit
import Testing

@testable import DeviceKeys

/// The keys of a server's users, with the process that writes the stream of changes.
struct World: Sendable {
  static let server = "a.example"
  static let migrations =
    StreamsSchema.migrations + AccountsSchema.migrations + RoomsSchema.migrations
    + DeviceKeysSchema.migrations

  let database: Database
  let clock = ManualClock(1_700_000_000_000)
  let owner: LocalOwner
  let counts: KeyCountMemory
  let reader: StreamReader<DeviceListRow>
  let directory: KeyDirectory
  let serverName: ServerName

  var store: OneTimeKeyStore { OneTimeKeyStore(database: database) }
  var upload: UploadKeys {
    UploadKeys(store: store, counts: counts, owner: owner, clock: clock)
  }
  var query: QueryKeys {
    QueryKeys(serverName: serverName, directory: directory)
  }
  var claim: ClaimKeys { claim(on: database) }
  var observer: DeviceKeysObserver {
    DeviceKeysObserver(
      owner: owner, counts: counts, pending: PendingChangeStore(database: database))
  }

  /// On another process's connections.
  func claim(on database: Database) -> ClaimKeys {
    ClaimKeys(
      serverName: serverName, store: ClaimStore(database: database), counts: counts, clock: clock)
  }
}

/// Gives `body` the keys of an empty server.
func withWorld(_ body: @Sendable (World) async throws -> Void) async throws {
  try await TestPostgres.withDatabase(migrations: World.migrations) { database in
    try await withWorld(on: database, body)
  }
}

/// The same on a database that is there.
func withWorld(
  on database: Database, _ body: @Sendable (World) async throws -> Void
) async throws {
  let logger = TestPostgres.logger
  let id = try await InstanceRegistry.register("main", on: database)
  let hub = ReplicationHub(
    bus: InMemoryBus(), database: database, instanceName: "main", logger: logger)
  let reader = hub.makeReader(DeviceListStore(database: database).streamDefinition())
  let lease = WriterLease(
    stream: .deviceLists, writer: id, workerName: "main", database: database, logger: logger)
  let committer = StreamCommitter(
    database: database, lease: lease, stream: hub.makeWriter(for: reader, lease: lease),
    logger: logger)
  let owner = LocalOwner()
  DeviceListOwner(committer: committer, writer: id).register(in: owner)
  try await hub.start()
  try await lease.acquire()
  let world = World(
    database: database, owner: owner,
    counts: KeyCountMemory(
      store: OneTimeKeyStore(database: database), invalidations: hub.invalidations),
    reader: reader,
    directory: KeyDirectory(store: DeviceKeyStore(database: database), reader: reader),
    serverName: try #require(ServerName(World.server)))
  try await whileRunning([{ await hub.run() }, { await committer.run() }]) {
    try await body(world)
  }
}

extension World {
  static func user(_ name: String) throws -> UserID {
    try #require(UserID("@\(name):\(server)"))
  }

  /// Signs a user in, once for each device.
  @discardableResult
  func signIn(_ name: String, _ devices: String...) async throws -> UserID {
    let user = try Self.user(name)
    _ = try await database.query(
      Statement(
        "test_user",
        "INSERT INTO users (user_id, created_at) VALUES ($1, 0) ON CONFLICT DO NOTHING"),
      [.text(user.text)])
    for device in devices {
      _ = try await database.query(
        Statement(
          "test_device",
          "INSERT INTO devices (user_id, device_id, created_at) VALUES ($1, $2, 0)"),
        [.text(user.text), .text(device)])
    }
    return user
  }

  /// Deletes devices as their owner does.
  func delete(_ devices: [String], of user: UserID) async throws {
    try await database.transaction { transaction in
      _ = try await transaction.query(
        Statement(
          "test_delete_devices",
          "DELETE FROM devices WHERE user_id = $1 AND device_id = ANY ($2)"),
        [.text(user.text), .texts(devices)])
      try await observer.devicesDeleted(devices, of: user, in: transaction)
    }
    await observer.devicesChanged(devices, of: user)
  }

  @discardableResult
  func upload(_ body: JSON, by user: UserID, _ device: String) async throws -> JSONView {
    let upload = try KeyUpload(try JSONDocument(body.bytes).root, by: user, device: device)
    return try JSONDocument(try await self.upload(upload, by: user, device: device)).root
  }

  func query(
    _ users: UserID..., devices: [String] = [], by viewer: UserID
  ) async throws -> JSONView {
    let wanted = users.map { ($0.text, JSON.array(devices.map { .string($0) })) }
    let body: JSON = ["device_keys": .object(Dictionary(uniqueKeysWithValues: wanted))]
    let query = try KeyQuery(try JSONDocument(body.bytes).root)
    return try JSONDocument(try await self.query(query, by: viewer)).root
  }

  /// The name of the key that somebody gets for a device; nil for none.
  func claimed(
    _ user: UserID, _ device: String, on database: Database? = nil
  ) async throws -> String? {
    let body: JSON = ["one_time_keys": [user.text: [device: "signed_curve25519"]]]
    let claim = try KeyClaim(try JSONDocument(body.bytes).root)
    let answer = try await self.claim(on: database ?? self.database)(claim)
    return try JSONDocument(answer).root["one_time_keys"]?[user.text]?[device]?.members
      .first(where: { _ in true })?.key
  }
}

/// One-time keys by the names `numbers`.
func oneTimeKeys(_ numbers: ClosedRange<Int>, value: String = "a") -> JSON {
  .object(
    Dictionary(
      uniqueKeysWithValues: numbers.map { number in
        ("signed_curve25519:k\(number)", ["key": .string("\(value)\(number)"), "signatures": [:]])
      }))
}

func fallbackKey(_ name: String) -> JSON {
  [
    "signed_curve25519:\(name)": [
      "key": .string("fallback \(name)"), "fallback": true, "signatures": [:],
    ]
  ]
}

func identity(_ user: UserID, _ device: String, key: String = "key") -> JSON {
  [
    "user_id": .string(user.text), "device_id": .string(device),
    "algorithms": ["m.olm.v1.curve25519-aes-sha2"], "keys": ["ed25519:\(device)": .string(key)],
    "signatures": [user.text: ["ed25519:\(device)": "own"]],
  ]
}
