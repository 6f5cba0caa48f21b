import MatrixIdentifiers
import MatrixJSON
import Postgres
import Streams
import TestKit
import Testing

@testable import DeviceKeys

/// What is told of changes of devices.
struct DeviceListTests {
  /// Notes the rows that come by.
  private struct Heard: Sendable {
    private let rows = Locked<[DeviceListRow]>([])

    init(_ world: World) {
      let rows = rows
      world.reader.onInvalidate { batch in rows.withLock { $0 += batch.rows.map(\.row) } }
    }

    func taken() -> [String] {
      rows.withLock { rows in
        defer { rows = [] }
        return rows.map { "\($0.userID.localpart) \($0.deviceID)" }
      }
    }
  }

  @Test func publishedKeysAreToldOnce() async throws {
    try await withWorld { world in
      let heard = Heard(world)
      let alice = try await world.signIn("alice", "A")
      try await world.upload(["device_keys": identity(alice, "A")], by: alice, "A")
      #expect(heard.taken() == ["alice A"])
      try await world.upload(["device_keys": identity(alice, "A")], by: alice, "A")
      try await world.upload(["one_time_keys": oneTimeKeys(1...2)], by: alice, "A")
      #expect(heard.taken() == [])
      try await world.upload(["device_keys": identity(alice, "A", key: "new")], by: alice, "A")
      #expect(heard.taken() == ["alice A"])
      let found = try await world.query(alice, by: alice)["device_keys"]?[alice.text]?["A"]
      #expect(found?["keys"]?["ed25519:A"]?.string == "new")
    }
  }

  @Test func renamingIsToldOfDevicesWithKeys() async throws {
    try await withWorld { world in
      let heard = Heard(world)
      let alice = try await world.signIn("alice", "A", "B")
      try await world.upload(["device_keys": identity(alice, "A")], by: alice, "A")
      _ = heard.taken()
      await world.observer.devicesChanged(["A"], of: alice)
      await world.observer.devicesChanged(["B"], of: alice)
      #expect(heard.taken() == ["alice A"])
    }
  }

  @Test func deletedDevicesAreTold() async throws {
    try await withWorld { world in
      let heard = Heard(world)
      let alice = try await world.signIn("alice", "A", "B", "C")
      for device in ["A", "B"] {
        try await world.upload(["device_keys": identity(alice, device)], by: alice, device)
      }
      _ = heard.taken()
      try await world.delete(["A", "C"], of: alice)
      #expect(heard.taken() == ["alice A"])
      let found = try await world.query(alice, by: alice)["device_keys"]?[alice.text]
      #expect(found?.members.map(\.key) == ["B"])
    }
  }

  @Test func manyDeletedDevicesAreToldInParts() async throws {
    try await withWorld { world in
      let alice = try await world.signIn("alice")
      let count = 2 * PendingChangeStore.batchLimit + 1
      try await world.database.runScript(
        """
        INSERT INTO device_identity_keys
        SELECT '\(alice)', 'D' || n, '{}', '{}' FROM generate_series(1, \(count)) n
        """)
      let heard = Heard(world)
      try await world.delete((1...count).map { "D\($0)" }, of: alice)
      #expect(Set(heard.taken()).count == count)
    }
  }

  /// The process that deleted the device ended before it could tell.
  @Test func whatNobodyToldIsToldLater() async throws {
    try await withWorld { world in
      let heard = Heard(world)
      let alice = try await world.signIn("alice", "A")
      try await world.upload(["device_keys": identity(alice, "A")], by: alice, "A")
      _ = heard.taken()
      try await world.database.transaction { transaction in
        try await world.observer.devicesDeleted(["A"], of: alice, in: transaction)
      }
      #expect(heard.taken() == [])
      let pending = PendingChanges(
        store: PendingChangeStore(database: world.database), owner: world.owner,
        logger: TestPostgres.logger)
      #expect(try await !pending.tell())
      #expect(heard.taken() == ["alice A"])
      _ = try await pending.tell()
      #expect(heard.taken() == [])
    }
  }

  /// The stream's writer cannot be reached for a while.
  @Test func whatCannotBeToldWaits() async throws {
    try await withWorld { world in
      let heard = Heard(world)
      let alice = try await world.signIn("alice", "A")
      try await world.upload(["device_keys": identity(alice, "A")], by: alice, "A")
      _ = heard.taken()
      let pending = PendingChangeStore(database: world.database)
      let observer = DeviceKeysObserver(
        owner: LocalOwner(), counts: world.counts, pending: pending)
      await observer.devicesChanged(["A"], of: alice)
      #expect(try await pending.users(limit: 10) == [alice])
      await world.observer.devicesChanged([], of: alice)
      #expect(heard.taken() == ["alice A"])
      #expect(try await pending.users(limit: 10) == [])
    }
  }

  @Test func anEndedAccountHasNoKeys() async throws {
    try await withWorld { world in
      let heard = Heard(world)
      let alice = try await world.signIn("alice", "A")
      let upload = try CrossSigningUpload(
        try JSONDocument(try Identity(alice).upload().bytes).root, by: alice)
      _ = try await world.owner.call(
        OwnerCall(
          stream: .deviceLists, action: DeviceListOwner.crossSign, key: alice.text,
          body: CrossSigningCall(upload: upload, isConfirmed: false).encoded))
      _ = heard.taken()
      try await world.database.transaction { transaction in
        try await world.observer.accountDeactivated(alice, erase: false, in: transaction)
      }
      await world.observer.devicesChanged([], of: alice)
      #expect(heard.taken() == ["alice "])
      #expect(try await world.query(alice, by: alice)["master_keys"]?[alice.text] == nil)
    }
  }

  /// Who looks the stream up finds what came over it, and the rooms to be woken.
  @Test func rowsAreFoundAgain() async throws {
    try await withWorld { world in
      let alice = try await world.signIn("alice", "A", "B")
      try await world.database.runScript(
        """
        INSERT INTO room_memberships VALUES
          ('\(alice)', '!in:a.example', 'join', '$a', '\(alice)', 1, 1),
          ('\(alice)', '!out:a.example', 'leave', '$b', '\(alice)', 2, 1)
        """)
      let heard = Locked<[StreamRow<DeviceListRow>]>([])
      world.reader.onInvalidate { batch in heard.withLock { $0 += batch.rows } }
      for device in ["A", "B", "A"] {
        await world.observer.devicesChanged([device], of: alice)
        try await world.upload(
          ["device_keys": identity(alice, device, key: "\(heard.withLock { $0.count })")],
          by: alice, device)
      }
      let rows = heard.withLock { $0 }
      #expect(rows.map(\.row.deviceID) == ["A", "B", "A", "A"])
      #expect(rows.allSatisfy { $0.row.rooms == [RoomID("!in:a.example")] })
      let id = try await InstanceRegistry.register("main", on: world.database)
      let found = try await DeviceListStore(database: world.database).streamDefinition()
        .fetch(id, 0, .max, 100)
      #expect(found == [rows[1], rows[3]])
      #expect(try DeviceListRow(try JSONDocument(rows[0].row.encoded).root) == rows[0].row)
    }
  }
}
