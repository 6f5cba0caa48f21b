package import MatrixIdentifiers
package import Postgres

/// What is kept of presence beyond the life of its owner: each user's last record.
package struct PresenceStore: Sendable {
  private static let columns = "user_id, state, last_active, status_msg, is_active"
  private static let select = Statement(
    "presence_select", "SELECT \(columns) FROM presence WHERE user_id = ANY($1)")
  private static let present = Statement(
    "presence_present",
    """
    SELECT \(columns) FROM presence WHERE state <> 'offline'
    ORDER BY last_active DESC NULLS LAST LIMIT $1
    """)
  /// What another process has written later stays.
  private static let upsert = Statement(
    "presence_upsert",
    """
    INSERT INTO presence (user_id, state, last_active, status_msg, is_active, changed)
    SELECT *, $6 FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::boolean[])
    ON CONFLICT (user_id) DO UPDATE
    SET state = excluded.state, last_active = excluded.last_active,
        status_msg = excluded.status_msg, is_active = excluded.is_active,
        changed = excluded.changed
    WHERE presence.changed <= excluded.changed
    """)

  private let database: any Querying

  package init(database: any Querying) {
    self.database = database
  }

  package func records(of users: [UserID]) async throws -> [UserID: PresenceRecord] {
    Self.decode(try await database.query(Self.select, [.texts(users.map(\.text))]))
  }

  /// The users who are not offline, those last who did nothing for longest.
  func present(limit: Int) async throws -> [UserID: PresenceRecord] {
    Self.decode(try await database.query(Self.present, [.int(Int64(limit))]))
  }

  /// - Parameter time: milliseconds since the epoch.
  func write(_ records: [UserID: PresenceRecord], at time: Int64) async throws {
    let rows = Array(records)
    _ = try await database.query(
      Self.upsert,
      [
        .texts(rows.map(\.key.text)), .texts(rows.map(\.value.state.rawValue)),
        .nullableInts(rows.map(\.value.lastActive)), .nullableTexts(rows.map(\.value.status)),
        .bools(rows.map(\.value.isActive)), .int(time),
      ])
  }

  private static func decode(_ rows: Rows) -> [UserID: PresenceRecord] {
    var records: [UserID: PresenceRecord] = [:]
    for row in 0..<rows.count {
      guard let user = rows.text(row, 0).flatMap({ UserID($0) }),
        let state = rows.text(row, 1).flatMap({ PresenceState(rawValue: $0) })
      else { continue }
      records[user] = PresenceRecord(
        state: state, lastActive: rows.int(row, 2), status: rows.text(row, 3),
        isActive: rows.bool(row, 4) ?? false)
    }
    return records
  }
}
