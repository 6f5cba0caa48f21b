package import MatrixIdentifiers
package import Postgres
import RoomEvents

/// Joins the ends of rooms whose history has many, by an event that says nothing: what is built on
/// many ends takes long to check, here and on the other servers.
package struct JoinEnds: Sendable {
  /// A room may have as many ends.
  private static let usualEnds: Int64 = 10
  /// Members that are tried, as not everyone may speak everywhere.
  private static let tries: Int64 = 10

  private static let torn = Statement(
    "join_ends_rooms",
    """
    SELECT room_id FROM room_heads
    WHERE cardinality(forward_extremities) > $1 AND room_id > $2 ORDER BY room_id LIMIT $3
    """)
  private static let members = Statement(
    "join_ends_members",
    """
    SELECT user_id FROM room_memberships
    WHERE room_id = $1 AND membership = 'join'
      AND right(user_id, char_length($2) + 1) = ':' || $2 LIMIT $3
    """)

  private let database: any Querying
  private let persister: any EventPersister
  private let serverName: ServerName

  package init(
    database: any Querying, persister: any EventPersister, serverName: ServerName
  ) {
    self.database = database
    self.persister = persister
    self.serverName = serverName
  }

  /// Some rooms with too many ends, in the order of their ids.
  /// - Parameter room: those after this one; empty to begin with.
  package func rooms(after room: String, limit: Int64) async throws -> [RoomID] {
    let rows = try await database.query(
      Self.torn, [.int(Self.usualEnds), .text(room), .int(limit)])
    return (0..<rows.count).compactMap { rows.text($0, 0).flatMap { RoomID($0) } }
  }

  /// - Returns: false when nobody of this server may speak in the room.
  /// - Throws: `PersistError.unavailable`, `PostgresError`.
  package func join(_ room: RoomID) async throws -> Bool {
    let rows = try await database.query(
      Self.members, [.text(room.text), .text(serverName.text), .int(Self.tries)])
    for user in (0..<rows.count).compactMap({ rows.text($0, 0).flatMap { UserID($0) } }) {
      let intent = EventIntent(type: EventType.dummy, sender: user, content: Array("{}".utf8))
      do {
        _ = try await persister.persist(PersistRequest(roomID: room, intents: [intent]))
        return true
      } catch {
        if case .unavailable = error { throw error }
      }
    }
    return false
  }
}
