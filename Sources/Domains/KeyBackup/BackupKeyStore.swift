import MatrixIdentifiers
import Postgres

/// The keys in the backups.
enum BackupKeyStore {
  /// Locks the user's current backup, and finds which of the keys the given version has.
  static func lockCurrent(
    of user: UserID, knownOf places: [KeyPlace], in version: BackupVersion,
    on transaction: any Querying
  ) async throws -> (current: LockedBackup?, known: [KeyPlace: KeyQuality]) {
    let results = try await transaction.queryAll([
      BackupStore.lockCurrent(of: user),
      Query(
        selectKnown,
        [
          .text(user.text), .int(version.number), .texts(places.map(\.roomID.text)),
          .texts(places.map(\.sessionID)),
        ]),
    ])
    let rows = results[1]
    let known = (0..<rows.count).compactMap { row in
      place(rows, row).flatMap { place in quality(rows, row).map { (place, $0) } }
    }
    return (BackupStore.locked(results[0]), Dictionary(known) { first, _ in first })
  }

  /// - Parameter keys: one of each session.
  static func upsert(_ keys: [BackedUpKey], in backup: Int64) -> Query {
    Query(
      upsert,
      [
        .int(backup), .texts(keys.map(\.place.roomID.text)), .texts(keys.map(\.place.sessionID)),
        .ints(keys.map(\.quality.firstMessageIndex)), .ints(keys.map(\.quality.forwardedCount)),
        .bools(keys.map(\.quality.isVerified)), .byteArrays(keys.map(\.sessionData)),
      ])
  }

  /// Ordered by room and session; nil when there is no such backup.
  static func keys(
    _ selection: BackupKeys.Selection, in version: BackupVersion, of user: UserID,
    on database: any Querying
  ) async throws -> [BackedUpKey]? {
    let binds: [Bind] = [.text(user.text), .int(version.number)]
    let query =
      switch selection {
      case .all: Query(selectAll, binds)
      case .room(let room): Query(selectRoom, binds + [.text(room.text)])
      case .session(let place):
        Query(selectSession, binds + [.text(place.roomID.text), .text(place.sessionID)])
      }
    let rows = try await database.query(query.statement, query.binds)
    // A backup without such keys has one row of nulls.
    guard rows.count > 0 else { return nil }
    return (0..<rows.count).compactMap { row in
      guard let place = place(rows, row), let quality = quality(rows, row),
        let data = rows.bytes(row, 5)
      else { return nil }
      return BackedUpKey(place: place, quality: quality, sessionData: data)
    }
  }

  /// The caller has locked the backup.
  /// - Returns: how many there were.
  static func delete(
    _ selection: BackupKeys.Selection, in backup: Int64, on transaction: any Querying
  ) async throws -> Int {
    let query =
      switch selection {
      case .all: Query(deleteAll, [.int(backup)])
      case .room(let room): Query(deleteRoom, [.int(backup), .text(room.text)])
      case .session(let place):
        Query(
          deleteSession, [.int(backup), .text(place.roomID.text), .text(place.sessionID)])
      }
    return try await transaction.query(query.statement, query.binds).affectedRows
  }

  private static func place(_ rows: Rows, _ row: Int) -> KeyPlace? {
    guard let room = rows.text(row, 0).flatMap({ RoomID($0) }), let session = rows.text(row, 1)
    else { return nil }
    return KeyPlace(roomID: room, sessionID: session)
  }

  private static func quality(_ rows: Rows, _ row: Int) -> KeyQuality? {
    guard let index = rows.int(row, 2), let forwarded = rows.int(row, 3),
      let isVerified = rows.bool(row, 4)
    else { return nil }
    return KeyQuality(
      isVerified: isVerified, firstMessageIndex: index, forwardedCount: forwarded)
  }
}

// The SQL. The first five columns of each answer are those of `place` and `quality`.
extension BackupKeyStore {
  private static let columns =
    "k.room_id, k.session_id, k.first_message_index, k.forwarded_count, k.is_verified"

  private static let selectKnown = Statement(
    "key_backup_keys_known",
    """
    SELECT \(columns) FROM key_backups b JOIN key_backup_keys k USING (backup)
    JOIN unnest($3::text[], $4::text[]) AS w (room_id, session_id)
      ON k.room_id = w.room_id AND k.session_id = w.session_id
    WHERE b.user_id = $1 AND b.version = $2
    """)

  private static let upsert = Statement(
    "key_backup_keys_upsert",
    """
    INSERT INTO key_backup_keys (
      backup, room_id, session_id, first_message_index, forwarded_count, is_verified,
      session_data)
    SELECT $1, * FROM unnest(
      $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::boolean[], $7::bytea[])
    ON CONFLICT (backup, room_id, session_id) DO UPDATE
    SET first_message_index = excluded.first_message_index,
      forwarded_count = excluded.forwarded_count, is_verified = excluded.is_verified,
      session_data = excluded.session_data
    """)

  private static let selectAll = Statement(
    "key_backup_keys_all",
    """
    SELECT \(columns), k.session_data
    FROM key_backups b LEFT JOIN key_backup_keys k USING (backup)
    WHERE b.user_id = $1 AND b.version = $2 ORDER BY k.room_id, k.session_id
    """)

  private static let selectRoom = Statement(
    "key_backup_keys_of_room",
    """
    SELECT \(columns), k.session_data
    FROM key_backups b LEFT JOIN key_backup_keys k ON k.backup = b.backup AND k.room_id = $3
    WHERE b.user_id = $1 AND b.version = $2 ORDER BY k.session_id
    """)

  private static let selectSession = Statement(
    "key_backup_key",
    """
    SELECT \(columns), k.session_data
    FROM key_backups b LEFT JOIN key_backup_keys k
      ON k.backup = b.backup AND k.room_id = $3 AND k.session_id = $4
    WHERE b.user_id = $1 AND b.version = $2
    """)

  private static let deleteAll = Statement(
    "key_backup_keys_delete_all", "DELETE FROM key_backup_keys WHERE backup = $1")

  private static let deleteRoom = Statement(
    "key_backup_keys_delete_room",
    "DELETE FROM key_backup_keys WHERE backup = $1 AND room_id = $2")

  private static let deleteSession = Statement(
    "key_backup_key_delete",
    "DELETE FROM key_backup_keys WHERE backup = $1 AND room_id = $2 AND session_id = $3")
}
