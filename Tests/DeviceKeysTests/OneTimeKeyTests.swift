import MatrixIdentifiers
import MatrixJSON
import Postgres
import TestKit
import Testing

@testable import DeviceKeys

struct OneTimeKeyTests {
  private func count(_ answer: JSONView) -> Int64? {
    answer["one_time_key_counts"]?["signed_curve25519"]?.integer
  }

  @Test func eachKeyIsGivenOnceInTheOrderOfUploads() async throws {
    try await withWorld { world in
      let alice = try await world.signIn("alice", "A")
      #expect(count(try await world.upload([:], by: alice, "A")) == 0)
      #expect(
        count(try await world.upload(["one_time_keys": oneTimeKeys(5...6)], by: alice, "A")) == 2)
      #expect(
        count(try await world.upload(["one_time_keys": oneTimeKeys(1...2)], by: alice, "A")) == 4)
      var given: [String] = []
      while let name = try await world.claimed(alice, "A") { given.append(name) }
      #expect(
        given.prefix(2).sorted() == ["signed_curve25519:k5", "signed_curve25519:k6"])
      #expect(
        given.dropFirst(2).sorted() == ["signed_curve25519:k1", "signed_curve25519:k2"])
    }
  }

  @Test func aRepeatedUploadChangesNothing() async throws {
    try await withWorld { world in
      let alice = try await world.signIn("alice", "A")
      let body: JSON = ["one_time_keys": oneTimeKeys(1...3)]
      #expect(count(try await world.upload(body, by: alice, "A")) == 3)
      #expect(count(try await world.upload(body, by: alice, "A")) == 3)
      #expect(try await world.claimed(alice, "A") != nil)
      // The answer to the first upload was lost: what was given out meanwhile does not come back.
      #expect(count(try await world.upload(body, by: alice, "A")) == 2)
      var rest: Set<String?> = []
      while let name = try await world.claimed(alice, "A") { rest.insert(name) }
      #expect(rest.count == 2)
      #expect(count(try await world.upload(body, by: alice, "A")) == 0)
    }
  }

  @Test func keysThatWereGivenOutAreForgottenInTheEnd() async throws {
    try await withWorld { world in
      let alice = try await world.signIn("alice", "A")
      let body: JSON = ["one_time_keys": oneTimeKeys(1...2)]
      try await world.upload(body, by: alice, "A")
      _ = try await world.claimed(alice, "A")
      world.clock.advance(by: OneTimeKeyStore.memory)
      #expect(count(try await world.upload(body, by: alice, "A")) == 1)
      world.clock.advance(by: 1)
      // Nobody repeats an upload after such a time: it is another device of the same name.
      #expect(count(try await world.upload(body, by: alice, "A")) == 2)
    }
  }

  @Test func anotherValueIsRefusedWithTheWholeUpload() async throws {
    try await withWorld { world in
      let alice = try await world.signIn("alice", "A")
      try await world.upload(["one_time_keys": oneTimeKeys(1...3)], by: alice, "A")
      for body: JSON in [
        ["one_time_keys": oneTimeKeys(3...9, value: "b")],
        ["one_time_keys": oneTimeKeys(3...9, value: "b"), "fallback_keys": fallbackKey("f")],
      ] {
        await #expect(throws: DeviceKeyError.keyExists(name: "signed_curve25519:k3")) {
          try await world.upload(body, by: alice, "A")
        }
      }
      #expect(
        try await world.store.counts(of: alice, "A")
          == DeviceKeyCounts(
            oneTimeKeys: ["signed_curve25519": 3]))
      // A device that begins anew may use the names of keys that are gone.
      while try await world.claimed(alice, "A") != nil {}
      try await world.upload(["one_time_keys": oneTimeKeys(3...4, value: "b")], by: alice, "A")
      #expect(try await world.store.counts(of: alice, "A").oneTimeKeys["signed_curve25519"] == 2)
    }
  }

  @Test func fallbackKeysAreGivenWhenNoOtherIsLeft() async throws {
    try await withWorld { world in
      let alice = try await world.signIn("alice", "A")
      let body: JSON = [
        "one_time_keys": oneTimeKeys(1...1), "fallback_keys": fallbackKey("f1"),
      ]
      func unused() async throws -> [String] {
        try await world.counts.counts(of: alice, "A").unusedFallbackTypes
      }
      try await world.upload(body, by: alice, "A")
      #expect(try await unused() == ["signed_curve25519"])
      #expect(try await world.claimed(alice, "A") == "signed_curve25519:k1")
      #expect(try await unused() == ["signed_curve25519"])
      #expect(try await world.claimed(alice, "A") == "signed_curve25519:f1")
      #expect(try await world.claimed(alice, "A") == "signed_curve25519:f1")
      #expect(try await unused() == [])
      // The same key again does not become unused by that.
      try await world.upload(["fallback_keys": fallbackKey("f1")], by: alice, "A")
      #expect(try await unused() == [])
      try await world.upload(["fallback_keys": fallbackKey("f2")], by: alice, "A")
      #expect(try await unused() == ["signed_curve25519"])
      #expect(try await world.claimed(alice, "A") == "signed_curve25519:f2")
    }
  }

  /// Claims of many processes at once get every key, and none twice.
  @Test func concurrentClaimsNeverShareAKey() async throws {
    try await TestPostgres.withFreshDatabase(migrations: World.migrations) { configuration in
      try await TestPostgres.with(configuration) { first in
        try await TestPostgres.with(configuration) { second in
          try await withWorld(on: first) { world in
            let alice = try await world.signIn("alice", "A", "B")
            for device in ["A", "B"] {
              try await world.upload(["one_time_keys": oneTimeKeys(1...60)], by: alice, device)
              try await world.upload(["fallback_keys": fallbackKey("f")], by: alice, device)
            }
            let given = Locked<[String]>([])
            try await withThrowingDiscardingTaskGroup { group in
              for number in 0..<160 {
                group.addTask {
                  let device = number % 2 == 0 ? "A" : "B"
                  let name = try await world.claimed(
                    alice, device, on: number % 3 == 0 ? first : second)
                  given.withLock { $0.append("\(device) \(name ?? "")") }
                }
              }
            }
            let names = given.withLock { $0 }.filter { !$0.hasSuffix(":f") }
            #expect(names.count == 120)
            #expect(Set(names).count == 120)
          }
        }
      }
    }
  }

  @Test func keysOfADeletedDeviceCannotBeClaimed() async throws {
    try await withWorld { world in
      let alice = try await world.signIn("alice", "A", "B")
      for device in ["A", "B"] {
        try await world.upload(
          ["one_time_keys": oneTimeKeys(1...3), "fallback_keys": fallbackKey("f")], by: alice,
          device)
      }
      try await world.delete(["A"], of: alice)
      #expect(try await world.claimed(alice, "A") == nil)
      #expect(try await world.claimed(alice, "B") != nil)
      await #expect(throws: DeviceKeyError.deviceIsGone) {
        try await world.upload(["one_time_keys": oneTimeKeys(1...3)], by: alice, "A")
      }
      #expect(try await world.claimed(alice, "A") == nil)
    }
  }

  @Test func aDeviceHoldsABoundedNumber() async throws {
    try await withWorld { world in
      let alice = try await world.signIn("alice", "A")
      for start in stride(from: 0, to: OneTimeKeyStore.deviceLimit, by: KeyUpload.keyLimit) {
        try await world.upload(
          ["one_time_keys": oneTimeKeys(start...(start + KeyUpload.keyLimit - 1))], by: alice, "A")
      }
      await #expect(throws: DeviceKeyError.self) {
        try await world.upload(["one_time_keys": oneTimeKeys(9999...9999)], by: alice, "A")
      }
    }
  }

  @Test func countsAreRememberedUntilTheyChange() async throws {
    try await withWorld { world in
      let alice = try await world.signIn("alice", "A")
      func counted() async throws -> Int64? {
        try await world.counts.counts(of: alice, "A").oneTimeKeys["signed_curve25519"]
      }
      #expect(try await counted() == 0)
      try await world.database.runScript(
        """
        INSERT INTO device_one_time_keys VALUES
          ('\(alice)', 'A', 'signed_curve25519', 'x', '"k"', 1, NULL)
        """)
      #expect(try await counted() == 0, "it is not counted again")
      try await world.upload(["one_time_keys": oneTimeKeys(1...3)], by: alice, "A")
      #expect(try await counted() == 4)
      _ = try await world.claimed(alice, "A")
      #expect(try await counted() == 3)
    }
  }
}
