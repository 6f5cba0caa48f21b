import MatrixIdentifiers
import Postgres
import TestKit
import Testing

@testable import KeyBackup

@Suite struct BackupKeysTests {
  private static let other = "!other:a.example"

  @Test func keysAreFoundByRoomAndSession() async throws {
    try await withWorld { world in
      let version = try await world.create()
      let keys = [
        try key("s1", in: Self.other, data: 3), try key("s1", data: 1),
        try key("s2", verified: true, index: 0, forwarded: 0, data: 2),
      ]
      let state = try await world.keys.put(keys.reversed(), in: version, of: world.ann)
      #expect(state.count == 3)
      func read(_ selection: BackupKeys.Selection) async throws -> [BackedUpKey] {
        try await world.keys.keys(selection, in: version, of: world.ann)
      }
      #expect(try await read(.all) == keys)
      #expect(try await read(.room(keys[1].place.roomID)) == Array(keys[1...]))
      #expect(try await read(.session(keys[2].place)) == [keys[2]])
      #expect(try await read(.room(try #require(RoomID("!none:a.example")))) == [])
      await #expect(throws: KeyBackupError.unknownKey) {
        try await read(.session(try place("none")))
      }
      await #expect(throws: KeyBackupError.unknownVersion) {
        try await world.keys.keys(.all, in: version, of: world.ben)
      }
    }
  }

  @Test func anEmptyBackupHasNoKeys() async throws {
    try await withWorld { world in
      let version = try await world.create()
      #expect(try await world.sessions(version) == [])
      let state = try await world.keys.put([], in: version, of: world.ann)
      #expect(state.count == 0)
    }
  }

  @Test func theEtagChangesWithTheKeysAndOnlyThen() async throws {
    try await withWorld { world in
      let version = try await world.create()
      var etags: [String] = []
      func put(_ key: BackedUpKey, count: Int64) async throws {
        let state = try await world.keys.put([key], in: version, of: world.ann)
        #expect(state.count == count)
        etags.append(state.etag)
        #expect(try await world.backups.current(of: world.ann).state == state)
      }
      try await put(try key("s1"), count: 1)
      try await put(try key("s1"), count: 1)
      try await put(try key("s1", index: 9), count: 1)
      try await put(try key("s1", index: 1), count: 1)
      try await put(try key("s2"), count: 2)
      #expect(etags[0] == etags[1] && etags[1] == etags[2])
      #expect(Set(etags).count == 3)
      let none = try await world.keys.delete(
        .session(try place("none")), in: version, of: world.ann)
      #expect(none.etag == etags.last && none.count == 2)
      let fewer = try await world.keys.delete(
        .session(try place("s1")), in: version, of: world.ann)
      #expect(fewer.etag != etags.last && fewer.count == 1)
      #expect(try await world.backups.current(of: world.ann).state == fewer)
    }
  }

  @Test func keysAreStoredInTheCurrentBackupOnly() async throws {
    try await withWorld { world in
      let (first, second) = (try await world.create(), try await world.create())
      await #expect(throws: KeyBackupError.wrongVersion(current: second)) {
        try await world.keys.put([try key("s")], in: first, of: world.ann)
      }
      let never = try #require(BackupVersion("3"))
      for (version, user) in [(never, world.ann), (first, world.ben)] {
        await #expect(throws: KeyBackupError.unknownVersion) {
          try await world.keys.put([try key("s")], in: version, of: user)
        }
      }
      try await world.backups.delete(second, of: world.ann)
      await #expect(throws: KeyBackupError.unknownVersion) {
        try await world.keys.put([try key("s")], in: second, of: world.ann)
      }
      let state = try await world.keys.put([try key("s")], in: first, of: world.ann)
      #expect(state.count == 1)
    }
  }

  @Test func deletingTakesWhatIsSelected() async throws {
    try await withWorld { world in
      let version = try await world.create()
      let keys = [
        try key("s1"), try key("s2"), try key("s3", in: Self.other), try key("s4", in: Self.other),
      ]
      _ = try await world.keys.put(keys, in: version, of: world.ann)
      func delete(_ selection: BackupKeys.Selection) async throws -> Int64 {
        try await world.keys.delete(selection, in: version, of: world.ann).count
      }
      #expect(try await delete(.session(keys[0].place)) == 3)
      #expect(try await world.sessions(version).sorted() == ["s2", "s3", "s4"])
      #expect(try await delete(.room(keys[2].place.roomID)) == 1)
      #expect(try await world.sessions(version) == ["s2"])
      #expect(try await delete(.all) == 0)
      await #expect(throws: KeyBackupError.unknownVersion) {
        try await world.keys.delete(.all, in: version, of: world.ben)
      }
    }
  }

  /// Several workers store and delete at once: every key is there, and counted, once.
  @Test func concurrentChangesLoseNothing() async throws {
    try await withWorld { world in
      let version = try await world.create()
      try await withThrowingTaskGroup(of: Void.self) { group in
        for worker in 0..<8 {
          group.addTask {
            for number in 0..<10 {
              let sent = try (number..<(number + 5)).map {
                try key("s\($0)", index: Int64(20 - worker), data: worker)
              }
              _ = try await world.keys.put(sent, in: version, of: world.ann)
            }
            _ = try await world.keys.put(
              [try key("own\(worker)")], in: version, of: world.ann)
          }
        }
        try await group.waitForAll()
      }
      let found = try await world.keys.keys(.all, in: version, of: world.ann)
      #expect(found.count == 14 + 8)
      let shared = found.filter { $0.place.sessionID.hasPrefix("s") }
      #expect(shared.allSatisfy { $0.quality.firstMessageIndex == 13 })
      #expect(try await world.backups.current(of: world.ann).state.count == 22)
    }
  }

  @Test func aVersionThatIsDeletedMeanwhileKeepsNoKeys() async throws {
    try await withWorld { world in
      for _ in 0..<10 {
        let version = try await world.create()
        await withTaskGroup(of: Void.self) { group in
          for number in 0..<4 {
            group.addTask {
              _ = try? await world.keys.put(
                [try key("s\(number)")], in: version, of: world.ann)
            }
          }
          group.addTask { try? await world.backups.delete(version, of: world.ann) }
        }
        await #expect(throws: KeyBackupError.unknownVersion) {
          try await world.backups.backup(version, of: world.ann)
        }
      }
      #expect(try await world.count("key_backup_keys") == 0)
    }
  }

  @Test func thousandsOfKeysAtOnce() async throws {
    try await withWorld { world in
      let version = try await world.create()
      let many = try (0..<5000).map { try key("s\($0)", in: "!room\($0 % 50):a.example") }
      for _ in 0..<2 {
        let state = try await world.keys.put(many, in: version, of: world.ann)
        #expect(state.count == 5000)
      }
      #expect(try await world.sessions(version).count == 5000)
    }
  }

  @Test func boundsAreKept() async throws {
    try await withWorld { world in
      let version = try await world.create()
      let (good, long) = (try key("s"), String(repeating: "x", count: 256))
      let large = BackedUpKey(
        place: good.place, quality: good.quality,
        sessionData: [UInt8](repeating: 0x20, count: (64 << 10) + 1))
      let table: [([BackedUpKey], KeyBackupError)] = [
        (Array(repeating: good, count: 20_001), .tooManyKeys(limit: 20_000)),
        ([try key(long)], .tooLong(field: "sessionId", limit: 255)),
        ([try key("\0")], .unusableText(field: "sessionId")),
        ([large], .tooLong(field: "session_data", limit: 64 << 10)),
      ]
      for (keys, error) in table {
        await #expect(throws: error) {
          try await world.keys.put(keys, in: version, of: world.ann)
        }
      }
      let unusable = BackupKeys.Selection.session(try place("\0"))
      await #expect(throws: KeyBackupError.unusableText(field: "sessionId")) {
        try await world.keys.keys(unusable, in: version, of: world.ann)
      }
      await #expect(throws: KeyBackupError.unusableText(field: "sessionId")) {
        try await world.keys.delete(unusable, in: version, of: world.ann)
      }
      await #expect(throws: KeyBackupError.unknownKey) {
        try await world.keys.keys(.session(try place(long)), in: version, of: world.ann)
      }
    }
  }
}
