import MatrixIdentifiers
package import Postgres

/// Gives out keys.
package struct ClaimStore: Sendable {
  struct Given: Sendable {
    /// The index of what was asked for.
    let wanted: Int
    let key: PublicKey
  }

  private let database: any Querying

  package init(database: any Querying) {
    self.database = database
  }

  /// One key for each place, where there is one. A one-time key is given to one caller only, in
  /// whatever process; when none is left it is the fallback key, which then counts as used.
  /// - Parameters:
  ///   - now: milliseconds since the epoch.
  ///   - further: is part of the same transaction.
  func claim(_ wanted: [WantedKey], now: Int64, further: [Query]) async throws -> [Given] {
    let results = try await database.queryAll(
      [
        OneTimeKeyStore.plansByIndex,
        Query(
          Self.take,
          [
            .texts(wanted.map(\.user.text)), .texts(wanted.map(\.device)),
            .texts(wanted.map(\.algorithm)), .int(now),
          ]),
      ] + further)
    let rows = results[1]
    return (0..<rows.count).compactMap { row in
      guard let number = rows.int(row, 0), let keyID = rows.text(row, 1),
        let json = rows.bytes(row, 2), wanted.indices.contains(Int(number) - 1)
      else { return nil }
      let index = Int(number) - 1
      return Given(
        wanted: index,
        key: PublicKey(algorithm: wanted[index].algorithm, keyID: keyID, json: json))
    }
  }

  /// Keys that another transaction is taking are passed over, so nobody waits; fallback keys that
  /// have to be marked are locked in order, so nobody waits for ever.
  private static let take = Statement(
    "device_keys_claim",
    """
    WITH wanted AS (
      SELECT * FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY
        AS w (user_id, device_id, algorithm, number)
    ), picked AS MATERIALIZED (
      SELECT w.number, k.* FROM wanted w CROSS JOIN LATERAL (
        SELECT user_id, device_id, algorithm, key_id, json FROM device_one_time_keys o
        WHERE o.user_id = w.user_id AND o.device_id = w.device_id
          AND o.algorithm = w.algorithm AND o.claimed_at IS NULL
        ORDER BY o.upload LIMIT 1 FOR UPDATE SKIP LOCKED) k
    ), taken AS (
      UPDATE device_one_time_keys o SET claimed_at = $4 FROM picked p
      WHERE o.user_id = p.user_id AND o.device_id = p.device_id
        AND o.algorithm = p.algorithm AND o.key_id = p.key_id
    ), spare AS MATERIALIZED (
      SELECT w.number, f.* FROM wanted w
      JOIN device_fallback_keys f USING (user_id, device_id, algorithm)
      WHERE NOT EXISTS (SELECT FROM picked p WHERE p.number = w.number)
    ), unused AS MATERIALIZED (
      SELECT f.user_id, f.device_id, f.algorithm, f.key_id FROM device_fallback_keys f
      WHERE NOT f.used AND (f.user_id, f.device_id, f.algorithm) IN (
        SELECT user_id, device_id, algorithm FROM spare WHERE NOT used)
      ORDER BY f.user_id, f.device_id, f.algorithm FOR NO KEY UPDATE
    ), marked AS (
      UPDATE device_fallback_keys f SET used = true FROM unused u
      WHERE f.user_id = u.user_id AND f.device_id = u.device_id AND f.algorithm = u.algorithm
    )
    SELECT number, key_id, json FROM picked
    UNION ALL SELECT number, key_id, json FROM spare
    """)
}
