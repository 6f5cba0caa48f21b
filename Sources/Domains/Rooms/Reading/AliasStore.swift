package import MatrixIdentifiers
package import Postgres

/// The names of rooms.
package struct AliasStore: Sendable {
  private static let resolve = Statement(
    "alias_resolve", "SELECT room_id FROM room_aliases WHERE alias = $1")
  private static let insert = Statement(
    "alias_insert",
    """
    INSERT INTO room_aliases (alias, room_id, creator, created_at) VALUES ($1, $2, $3, $4)
    ON CONFLICT DO NOTHING
    """)
  private static let delete = Statement("alias_delete", "DELETE FROM room_aliases WHERE alias = $1")
  private static let ofRoom = Statement(
    "alias_of_room", "SELECT alias FROM room_aliases WHERE room_id = $1 ORDER BY alias")
  private static let creator = Statement(
    "alias_creator", "SELECT creator FROM room_aliases WHERE alias = $1")

  private let database: any Querying

  package init(database: any Querying) {
    self.database = database
  }

  package func room(named alias: RoomAlias) async throws -> RoomID? {
    let rows = try await database.query(Self.resolve, [.text(alias.text)])
    guard rows.count > 0 else { return nil }
    return rows.text(0, 0).flatMap { RoomID($0) }
  }

  /// False when the alias is taken.
  package func add(
    _ alias: RoomAlias, for room: RoomID, by creator: UserID, now: Int64
  ) async throws -> Bool {
    let rows = try await database.query(
      Self.insert, [.text(alias.text), .text(room.text), .text(creator.text), .int(now)])
    return rows.affectedRows > 0
  }

  package func remove(_ alias: RoomAlias) async throws {
    _ = try await database.query(Self.delete, [.text(alias.text)])
  }

  package func aliases(of room: RoomID) async throws -> [RoomAlias] {
    let rows = try await database.query(Self.ofRoom, [.text(room.text)])
    return (0..<rows.count).compactMap { rows.text($0, 0).flatMap { RoomAlias($0) } }
  }

  package func creator(of alias: RoomAlias) async throws -> UserID? {
    let rows = try await database.query(Self.creator, [.text(alias.text)])
    guard rows.count > 0 else { return nil }
    return rows.text(0, 0).flatMap { UserID($0) }
  }
}
