package import MatrixIdentifiers
package import Postgres

/// The names of rooms. A room that is being made has its name before it exists: until it does, the
/// name is kept for it for a while and leads nowhere.
package struct AliasStore: Sendable {
  /// How long a name is kept for a room that does not exist. Longer than any attempt to make a
  /// room lasts; after a crash in the middle of one it can be taken again.
  static let reservation = Duration.seconds(120)

  private static let resolve = Statement(
    "alias_resolve",
    "SELECT room_id FROM room_aliases JOIN rooms USING (room_id) WHERE alias = $1")
  private static let resolveAll = Statement(
    "alias_resolve_all",
    "SELECT alias, room_id FROM room_aliases JOIN rooms USING (room_id) WHERE alias = ANY($1)")
  // The same insertion again is no conflict, as when the answer to the first was lost.
  private static let insert = Statement(
    "alias_insert",
    """
    INSERT INTO room_aliases AS held (alias, room_id, creator, created_at)
    VALUES ($1, $2, $3, $4)
    ON CONFLICT (alias) DO UPDATE
    SET room_id = excluded.room_id, creator = excluded.creator, created_at = excluded.created_at
    WHERE held.room_id = excluded.room_id AND held.creator = excluded.creator
        AND held.created_at = excluded.created_at
      OR held.created_at < $5
        AND NOT EXISTS (SELECT FROM rooms WHERE rooms.room_id = held.room_id)
    """, repeatable: true)
  private static let delete = Statement(
    "alias_delete", "DELETE FROM room_aliases WHERE alias = $1 AND room_id = $2")
  private static let move = Statement(
    "alias_move", "UPDATE room_aliases SET room_id = $2 WHERE room_id = $1", repeatable: true)
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

  /// Those that lead to a room.
  package func rooms(named aliases: [RoomAlias]) async throws -> [RoomAlias: RoomID] {
    guard !aliases.isEmpty else { return [:] }
    let rows = try await database.query(Self.resolveAll, [.texts(aliases.map(\.text))])
    var rooms: [RoomAlias: RoomID] = [:]
    for row in 0..<rows.count {
      guard let alias = rows.text(row, 0).flatMap({ RoomAlias($0) }) else { continue }
      rooms[alias] = rows.text(row, 1).flatMap { RoomID($0) }
    }
    return rooms
  }

  /// False when the alias is taken.
  /// - Parameter now: milliseconds since the epoch.
  package func add(
    _ alias: RoomAlias, for room: RoomID, by creator: UserID, now: Int64
  ) async throws -> Bool {
    let expired = now - Int64(Self.reservation / .milliseconds(1))
    let rows = try await database.query(
      Self.insert,
      [.text(alias.text), .text(room.text), .text(creator.text), .int(now), .int(expired)])
    return rows.affectedRows > 0
  }

  package func remove(_ alias: RoomAlias, of room: RoomID) async throws {
    _ = try await database.query(Self.delete, [.text(alias.text), .text(room.text)])
  }

  /// Lets all names of a room lead to another one.
  package func move(from old: RoomID, to new: RoomID) async throws {
    _ = try await database.query(Self.move, [.text(old.text), .text(new.text)])
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
