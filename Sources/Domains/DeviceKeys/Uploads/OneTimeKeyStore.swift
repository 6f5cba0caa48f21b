import MatrixIdentifiers
package import Postgres

/// One-time and fallback keys: storing, counting and deleting them. All of it works on any worker,
/// as the device's row is what orders it.
package struct OneTimeKeyStore: Sendable {
  /// Keys of one device that wait to be claimed.
  static let deviceLimit = 5000
  /// Milliseconds for which a key that was given out is remembered.
  static let memory: Int64 = 7 * 24 * 60 * 60 * 1000

  struct Outcome: Sendable {
    let deviceExists: Bool
    /// The name of a key that waits with another value.
    let clash: String?
    /// Set when the device would hold too many.
    let isFull: Bool
    let counts: DeviceKeyCounts
  }

  let database: any Querying

  package init(database: any Querying) {
    self.database = database
  }

  /// Stores all keys or, when one of them clashes, none. A key that has been given out already
  /// does not come back.
  /// - Parameters:
  ///   - now: milliseconds since the epoch.
  ///   - further: is part of the same transaction.
  func store(
    _ upload: KeyUpload, of user: UserID, _ device: String, now: Int64, further: [Query]
  ) async throws -> Outcome {
    let place: [Bind] = [.text(user.text), .text(device)]
    let results = try await database.queryAll(
      [
        // The statements after this one see what uploads before it have done.
        Query(Self.lock, place),
        Query(Self.sweep, place + [.int(now - Self.memory)]),
        Query(
          Self.insert,
          place + Self.columns(upload.oneTimeKeys) + Self.columns(upload.fallbackKeys)
            + [.int(Int64(Self.deviceLimit))]),
      ] + further)
    // The last row tells of no algorithm.
    let rows = results[2]
    return Outcome(
      deviceExists: !results[0].isEmpty, clash: rows.text(rows.count - 1, 2),
      isFull: rows.bool(rows.count - 1, 3) ?? false, counts: Self.counts(rows))
  }

  func counts(of user: UserID, _ device: String) async throws -> DeviceKeyCounts {
    let results = try await database.queryAll([
      Self.plansByIndex, Query(Self.count, [.text(user.text), .text(device)]),
    ])
    return Self.counts(results[1])
  }

  /// The keys of devices that are being deleted.
  static func deletion(of devices: [String], of user: UserID) -> [Query] {
    [deleteOneTime, deleteFallback].map { Query($0, [.text(user.text), .texts(devices)]) }
  }

  private static func columns(_ keys: [PublicKey]) -> [Bind] {
    [
      .texts(keys.map(\.algorithm)), .texts(keys.map(\.keyID)), .byteArrays(keys.map(\.json)),
    ]
  }

  private static func counts(_ rows: Rows) -> DeviceKeyCounts {
    var counts = DeviceKeyCounts()
    for row in 0..<rows.count {
      guard let algorithm = rows.text(row, 0) else { continue }
      if let count = rows.int(row, 1) {
        counts.oneTimeKeys[algorithm] = count
      } else {
        counts.unusedFallbackTypes.append(algorithm)
      }
    }
    return counts
  }
}

extension OneTimeKeyStore {
  /// Goes before statements that are first planned while the tables are small and whose plans are
  /// then kept: reading all of a table would soon cost a hundred times as much.
  static let plansByIndex = Query(Statement("device_keys_by_index", "SELECT \(byIndex)"))
  private static let byIndex = "set_config('enable_seqscan', 'off', true)"

  private static let lock = Statement(
    "device_keys_lock",
    """
    SELECT \(byIndex) FROM devices
    WHERE user_id = $1 AND device_id = $2 FOR NO KEY UPDATE
    """, repeatable: false)

  private static let sweep = Statement(
    "device_keys_sweep",
    """
    DELETE FROM device_one_time_keys
    WHERE user_id = $1 AND device_id = $2 AND claimed_at < $3
    """)

  private static let insert = Statement(
    "device_keys_insert",
    """
    WITH wanted AS (
      SELECT * FROM unnest($3::text[], $4::text[], $5::bytea[]) AS w (algorithm, key_id, json)
    ), clash AS (
      SELECT k.algorithm || ':' || k.key_id AS name
      FROM wanted w JOIN device_one_time_keys k USING (algorithm, key_id)
      WHERE k.user_id = $1 AND k.device_id = $2 AND k.claimed_at IS NULL AND k.json <> w.json
      LIMIT 1
    ), held AS (
      SELECT algorithm, count(*)::bigint AS keys FROM device_one_time_keys
      WHERE user_id = $1 AND device_id = $2 AND claimed_at IS NULL GROUP BY algorithm
    ), space AS (
      SELECT coalesce(sum(keys), 0) + cardinality($3::text[]) > $9 AS is_full FROM held
    ), admitted AS (
      SELECT FROM devices, space
      WHERE user_id = $1 AND device_id = $2 AND NOT EXISTS (SELECT FROM clash) AND NOT is_full
    ), stored AS (
      INSERT INTO device_one_time_keys AS k (user_id, device_id, algorithm, key_id, json, upload)
      SELECT $1, $2, algorithm, key_id, json, (SELECT nextval('device_key_uploads_seq'))
      FROM wanted WHERE EXISTS (SELECT FROM admitted)
      ON CONFLICT (user_id, device_id, algorithm, key_id) DO UPDATE
      SET json = excluded.json, upload = excluded.upload, claimed_at = NULL
      WHERE k.claimed_at IS NOT NULL AND k.json <> excluded.json
      RETURNING k.algorithm
    ), fallback AS (
      INSERT INTO device_fallback_keys AS f (user_id, device_id, algorithm, key_id, json)
      SELECT $1, $2, w.algorithm, w.key_id, w.json
      FROM unnest($6::text[], $7::text[], $8::bytea[]) AS w (algorithm, key_id, json)
      WHERE EXISTS (SELECT FROM admitted)
      ON CONFLICT (user_id, device_id, algorithm) DO UPDATE
      SET key_id = excluded.key_id, json = excluded.json, used = false
      WHERE f.key_id <> excluded.key_id OR f.json <> excluded.json
    )
    SELECT algorithm, sum(keys)::bigint, NULL::text, NULL::boolean FROM (
      SELECT algorithm, keys FROM held UNION ALL SELECT algorithm, 1 FROM stored
    ) k GROUP BY algorithm
    UNION ALL SELECT NULL, NULL, (SELECT name FROM clash), is_full FROM space
    """)

  /// A fallback key has no number.
  private static let count = Statement(
    "device_keys_count",
    """
    SELECT algorithm, count(*) FROM device_one_time_keys
    WHERE user_id = $1 AND device_id = $2 AND claimed_at IS NULL GROUP BY algorithm
    UNION ALL
    SELECT algorithm, NULL FROM device_fallback_keys
    WHERE user_id = $1 AND device_id = $2 AND NOT used
    """)

  private static let deleteOneTime = Statement(
    "device_keys_delete_one_time",
    "DELETE FROM device_one_time_keys WHERE user_id = $1 AND device_id = ANY ($2)")

  private static let deleteFallback = Statement(
    "device_keys_delete_fallback",
    "DELETE FROM device_fallback_keys WHERE user_id = $1 AND device_id = ANY ($2)")
}
