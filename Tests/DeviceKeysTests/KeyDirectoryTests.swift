import MatrixIdentifiers
import MatrixJSON
import Postgres
import Streams
import TestKit
import Testing

@testable import DeviceKeys

/// What is remembered of keys, and when it counts.
struct KeyDirectoryTests {
  @Test func keysAreReadOnce() async throws {
    try await withWorld { world in
      let (alice, bob) = (try await world.signIn("alice", "A"), try await world.signIn("bob", "B"))
      for (user, device) in [(alice, "A"), (bob, "B")] {
        try await world.upload(["device_keys": identity(user, device)], by: user, device)
      }
      let database = CountingDatabase(world.database)
      let directory = KeyDirectory(
        store: DeviceKeyStore(database: database), reader: world.reader)
      func devices() async throws -> [String] {
        try await directory.lookUp([alice, bob], seenBy: bob).keys.values
          .flatMap { $0.devices.map(\.id) }.sorted()
      }
      #expect(try await devices() == ["A", "B"])
      #expect(database.taken().count == 4)
      #expect(try await devices() == ["A", "B"])
      #expect(database.taken() == ["device_keys_position"])
      try await world.upload(
        ["device_keys": identity(alice, "A", key: "other")], by: alice, "A")
      #expect(try await devices() == ["A", "B"])
      #expect(
        database.taken() == [
          "device_keys_position", "device_keys_accounts", "device_keys_of_users",
          "device_keys_cross_signing_of_users",
        ])
    }
  }

  /// A worker that has not heard of a change yet sees it all the same.
  @Test func aWorkerThatIsBehindReadsAnew() async throws {
    try await withWorld { world in
      let (alice, bob) = (try await world.signIn("alice", "A"), try await world.signIn("bob", "B"))
      // It hears of nothing after its start.
      let hub = ReplicationHub(
        bus: InMemoryBus(), database: world.database, instanceName: "other",
        logger: TestPostgres.logger)
      let reader = hub.makeReader(
        DeviceListStore(database: world.database).streamDefinition())
      try await hub.start()
      let query = QueryKeys(
        serverName: world.serverName,
        directory: KeyDirectory(
          store: DeviceKeyStore(database: world.database), reader: reader))
      func key() async throws -> String? {
        let body: JSON = ["device_keys": [alice.text: []]]
        let wanted = try KeyQuery(try JSONDocument(body.bytes).root)
        let answer = try JSONDocument(try await query(wanted, by: bob)).root
        return answer["device_keys"]?[alice.text]?["A"]?["keys"]?["ed25519:A"]?.string
      }
      for value in ["one", "two", "three"] {
        try await world.upload(
          ["device_keys": identity(alice, "A", key: value)], by: alice, "A")
        for _ in 0..<2 { #expect(try await key() == value) }
      }
    }
  }

  @Test func unknownUsersAreNotRemembered() async throws {
    try await withWorld { world in
      let (alice, bob) = (try World.user("alice"), try await world.signIn("bob"))
      #expect(try await world.query(alice, bob, by: bob)["device_keys"]?[alice.text] == nil)
      try await world.signIn("alice", "A")
      let found = try await world.query(alice, bob, by: bob)["device_keys"]?[alice.text]
      #expect(found?.count == 0)
      #expect(found?.kind == .object)
    }
  }

  /// What was forgotten while it was read is not kept.
  @Test func overtakenReadingsAreNotKept() throws {
    let (alice, bob) = (try World.user("alice"), try World.user("bob"))
    var memory = Remembered<Int>(limit: 1000)
    let first = memory.begin([alice, bob])
    memory.forget(alice)
    memory.end(first, of: alice, with: 1, size: 10)
    memory.end(first, of: bob, with: 2, size: 10)
    #expect(memory[alice] == nil)
    #expect(memory[bob] == 2)
    let (second, third) = (memory.begin([alice]), memory.begin([alice]))
    memory.end(second, of: alice, with: 3, size: 10)
    #expect(memory[alice] == nil, "a later reading is under way")
    memory.end(third, of: alice, with: 4, size: 10)
    #expect(memory[alice] == 4)
    let fourth = memory.begin([alice])
    memory.end(fourth, of: alice, with: nil, size: 0)
    #expect(memory[alice] == 4)
    memory.forget(alice)
    #expect(memory[alice] == nil)
  }

  @Test func whatIsUsedStays() throws {
    let users = try (0..<100).map { try World.user("user\($0)") }
    var memory = Remembered<Int>(limit: 1000)
    for (number, user) in users.enumerated() {
      memory.end(memory.begin([user]), of: user, with: number, size: 100)
      #expect(memory[users[0]] == 0)
    }
    let kept = users.indices.filter { memory[users[$0]] == $0 }
    #expect(kept.count <= 10)
    #expect(kept.contains(99))
  }
}
