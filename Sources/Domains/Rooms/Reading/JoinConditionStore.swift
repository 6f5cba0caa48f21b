import MatrixIdentifiers
package import Postgres

/// Reads what decides whether a member of other rooms may join one.
package struct JoinConditionStore: Sendable {
  private static let joinedAny = Statement(
    "join_conditions_joined_any",
    """
    SELECT EXISTS (SELECT FROM room_memberships
      WHERE user_id = $1 AND room_id = ANY($2) AND membership = 'join')
    """)
  private static let knownAny = Statement(
    "join_conditions_known_any", "SELECT EXISTS (SELECT FROM rooms WHERE room_id = ANY($1))")
  private static let joinedAmong = Statement(
    "join_conditions_joined_among",
    """
    SELECT user_id FROM room_memberships
    WHERE user_id = ANY($1) AND room_id = $2 AND membership = 'join'
    """)
  private static let joinedOfServer = Statement(
    "join_conditions_joined_of_server",
    """
    SELECT user_id FROM room_memberships
    WHERE room_id = $1 AND membership = 'join'
      AND right(user_id, char_length($2) + 1) = ':' || $2
    LIMIT $3
    """)

  private let database: any Querying

  package init(database: any Querying) {
    self.database = database
  }

  func isJoined(_ user: UserID, toAnyOf rooms: [RoomID]) async throws -> Bool {
    guard !rooms.isEmpty else { return false }
    return try await database.query(
      Self.joinedAny, [.text(user.text), .texts(rooms.map(\.text))]
    ).bool(0, 0) ?? false
  }

  /// Whether anybody of this server is, or was, in one of the rooms.
  func isKnown(anyOf rooms: [RoomID]) async throws -> Bool {
    guard !rooms.isEmpty else { return true }
    return try await database.query(Self.knownAny, [.texts(rooms.map(\.text))]).bool(0, 0) ?? false
  }

  func joined(among users: [UserID], in room: RoomID) async throws -> Set<UserID> {
    guard !users.isEmpty else { return [] }
    return Set(
      Self.users(
        try await database.query(
          Self.joinedAmong, [.texts(users.map(\.text)), .text(room.text)])))
  }

  /// Some of a server's users in the room.
  func joined(in room: RoomID, of server: ServerName, limit: Int) async throws -> [UserID] {
    Self.users(
      try await database.query(
        Self.joinedOfServer, [.text(room.text), .text(server.text), .int(Int64(limit))]))
  }

  private static func users(_ rows: Rows) -> [UserID] {
    (0..<rows.count).compactMap { rows.text($0, 0).flatMap { UserID($0) } }
  }
}
