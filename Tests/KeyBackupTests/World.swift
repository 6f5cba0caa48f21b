import MatrixIdentifiers
import Postgres
import TestKit

@testable import KeyBackup

/// The backups of one server.
struct World: Sendable {
  let database: Database
  let ann: UserID
  let ben: UserID

  var backups: KeyBackups { KeyBackups(database: database) }
  var keys: BackupKeys { BackupKeys(database: database) }

  fileprivate init(_ database: Database) throws {
    self.database = database
    ann = try present(UserID("@ann:a.example"), "user id")
    ben = try present(UserID("@ben:a.example"), "user id")
  }

  func create(for user: UserID? = nil) async throws -> BackupVersion {
    try await backups.create(
      algorithm: "m.test", authData: Array("{\"a\":1}".utf8), for: user ?? ann)
  }

  /// The sessions that Ann's backup has.
  func sessions(_ version: BackupVersion) async throws -> [String] {
    try await keys.keys(.all, in: version, of: ann).map(\.place.sessionID)
  }

  func count(_ table: String) async throws -> Int64 {
    let rows = try await database.query(
      Statement("test_count_\(table)", "SELECT count(*) FROM \(table)"))
    return try present(rows.int(0, 0), "count")
  }
}

struct Missing: Error {
  let what: String
}

/// The value, or an error that names what is missing.
func present<Value>(_ value: Value?, _ what: String) throws -> Value {
  guard let value else { throw Missing(what: what) }
  return value
}

/// Gives `body` an empty server.
func withWorld(_ body: @Sendable (World) async throws -> Void) async throws {
  try await TestPostgres.withDatabase(migrations: KeyBackupSchema.migrations) { database in
    try await body(try World(database))
  }
}

func place(_ session: String, in room: String = "!room:a.example") throws -> KeyPlace {
  KeyPlace(roomID: try present(RoomID(room), "room id"), sessionID: session)
}

/// - Parameter data: tells keys apart.
func key(
  _ session: String, in room: String = "!room:a.example", verified: Bool = false,
  index: Int64 = 5, forwarded: Int64 = 5, data: Int = 0
) throws -> BackedUpKey {
  BackedUpKey(
    place: try place(session, in: room),
    quality: KeyQuality(
      isVerified: verified, firstMessageIndex: index, forwardedCount: forwarded),
    sessionData: Array("{\"n\":\(data)}".utf8))
}
