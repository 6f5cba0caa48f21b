package import MatrixIdentifiers
import MatrixJSON
package import Postgres
import Rooms

/// Who wants no invitations, as users say in their account data. It is read when somebody is
/// invited or would be told of an invitation, which is seldom.
///
/// spec: client-server-api#minvite_permission_config
package struct InviteBlocks: InvitePermissions {
  private static let select = Statement(
    "invite_permissions",
    """
    SELECT user_id, content FROM account_data
    WHERE user_id = ANY ($1) AND room_id = '' AND type = 'm.invite_permission_config'
    """)

  private let database: any Querying

  package init(database: any Querying) {
    self.database = database
  }

  package func blocking(_ users: [UserID]) async throws -> Set<UserID> {
    let rows = try await database.query(Self.select, [.texts(users.map(\.text))])
    var found: Set<UserID> = []
    for row in 0..<rows.count {
      guard let user = rows.text(row, 0).flatMap({ UserID($0) }),
        let content = rows.bytes(row, 1), Self.blocks(content)
      else { continue }
      found.insert(user)
    }
    return found
  }

  private static func blocks(_ content: [UInt8]) -> Bool {
    (try? JSONDocument(content))?.root["default_action"]?.string == "block"
  }
}
