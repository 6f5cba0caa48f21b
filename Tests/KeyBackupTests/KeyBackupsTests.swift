import MatrixIdentifiers
import Postgres
import TestKit
import Testing

@testable import KeyBackup

@Suite struct KeyBackupsTests {
  @Test func theLastVersionIsTheCurrentOne() async throws {
    try await withWorld { world in
      await #expect(throws: KeyBackupError.noBackup) {
        try await world.backups.current(of: world.ann)
      }
      let first = try await world.create()
      let second = try await world.backups.create(
        algorithm: "m.other", authData: Array("{}".utf8), for: world.ann)
      #expect([first.text, second.text] == ["1", "2"])
      let current = try await world.backups.current(of: world.ann)
      #expect(current.version == second && current.algorithm == "m.other")
      #expect(current.authData == Array("{}".utf8) && current.state.count == 0)
      #expect(try await world.backups.backup(first, of: world.ann).algorithm == "m.test")
      await #expect(throws: KeyBackupError.unknownVersion) {
        try await world.backups.backup(first, of: world.ben)
      }
    }
  }

  @Test func noVersionIsGivenTwice() async throws {
    try await withWorld { world in
      let first = try await world.create()
      try await world.backups.delete(first, of: world.ann)
      await #expect(throws: KeyBackupError.noBackup) {
        try await world.backups.current(of: world.ann)
      }
      #expect(try await world.create().text == "2")
      let versions = try await withThrowingTaskGroup(of: BackupVersion.self) { group in
        for _ in 0..<20 { group.addTask { try await world.create() } }
        return try await group.reduce(into: Set()) { $0.insert($1.text) }
      }
      #expect(versions == Set((3...22).map(String.init)))
    }
  }

  @Test func deletingWhatWasDeletedIsNoError() async throws {
    try await withWorld { world in
      let (first, second) = (try await world.create(), try await world.create())
      _ = try await world.keys.put([try key("s")], in: second, of: world.ann)
      for _ in 0..<2 { try await world.backups.delete(second, of: world.ann) }
      #expect(try await world.count("key_backup_keys") == 0)
      #expect(try await world.backups.current(of: world.ann).version == first)
      let never = try #require(BackupVersion("3"))
      for (version, user) in [(never, world.ann), (first, world.ben)] {
        await #expect(throws: KeyBackupError.unknownVersion) {
          try await world.backups.delete(version, of: user)
        }
      }
    }
  }

  @Test func onlyTheAuthenticationDataCanBeChanged() async throws {
    try await withWorld { world in
      let version = try await world.create()
      let data = Array("{\"b\":2}".utf8)
      try await world.backups.update(
        version, algorithm: "m.test", authData: data, of: world.ann)
      #expect(try await world.backups.current(of: world.ann).authData == data)
      await #expect(throws: KeyBackupError.otherAlgorithm) {
        try await world.backups.update(
          version, algorithm: "m.other", authData: data, of: world.ann)
      }
      await #expect(throws: KeyBackupError.unknownVersion) {
        try await world.backups.update(
          version, algorithm: "m.test", authData: data, of: world.ben)
      }
    }
  }

  @Test(arguments: [
    (
      String(repeating: "x", count: 256), 2,
      KeyBackupError.tooLong(field: "algorithm", limit: 255)
    ),
    ("m.\0", 2, .unusableText(field: "algorithm")),
    ("m.test", (64 << 10) + 1, .tooLong(field: "auth_data", limit: 64 << 10)),
  ])
  func boundsAreKept(algorithm: String, bytes: Int, error: KeyBackupError) async throws {
    try await withWorld { world in
      let version = try await world.create()
      let data = [UInt8](repeating: UInt8(ascii: " "), count: bytes - 2) + Array("{}".utf8)
      await #expect(throws: error) {
        try await world.backups.create(algorithm: algorithm, authData: data, for: world.ann)
      }
      await #expect(throws: error) {
        try await world.backups.update(
          version, algorithm: algorithm, authData: data, of: world.ann)
      }
    }
  }

  @Test func anAccountThatIsGoneLeavesNothing() async throws {
    try await withWorld { world in
      for user in [world.ann, world.ben] {
        let version = try await world.create(for: user)
        _ = try await world.keys.put([try key("s")], in: version, of: user)
      }
      try await world.database.transaction { transaction in
        try await KeyBackups.deleteAll(of: world.ann, in: transaction)
      }
      #expect(try await world.count("key_backups") == 1)
      #expect(try await world.count("key_backup_keys") == 1)
      #expect(try await world.create().text == "2")
    }
  }
}
