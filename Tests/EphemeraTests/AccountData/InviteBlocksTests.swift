import MatrixIdentifiers
import Postgres
import TestKit
import Testing

@testable import Ephemera

struct InviteBlocksTests {
  @Test func onlyTheWordInTheUsersOwnDataBlocks() async throws {
    try await TestPostgres.withDatabase(migrations: EphemeraSchema.migrations) { database in
      let rows = [
        ("@a:x", "", "m.invite_permission_config", #"{"default_action":"block"}"#),
        ("@b:x", "", "m.invite_permission_config", #"{"default_action":"allow"}"#),
        ("@c:x", "", "m.invite_permission_config", "{}"),
        ("@d:x", "", "m.invite_permission_config", #"{"default_action":["block"]}"#),
        ("@e:x", "!r:x", "m.invite_permission_config", #"{"default_action":"block"}"#),
        ("@f:x", "", "org.example", #"{"default_action":"block"}"#),
        ("@g:x", "", "m.invite_permission_config", #"{"default_action":"block"}"#),
      ]
      for (user, room, type, content) in rows {
        _ = try await database.query(
          Statement(
            "insert_account_data",
            "INSERT INTO account_data VALUES ($1, $2, $3, $4, 1, 1)"),
          [.text(user), .text(room), .text(type), .bytes(Array(content.utf8))])
      }
      let users = "abcdefgz".compactMap { UserID("@\($0):x") }
      let found = try await InviteBlocks(database: database).blocking(users)
      #expect(found == Set(["@a:x", "@g:x"].compactMap { UserID($0) }))
      #expect(try await InviteBlocks(database: database).blocking([]) == [])
    }
  }
}
