package import MatrixIdentifiers
package import Postgres

/// Where users' notifications go.
package struct PusherStore: Sendable {
  /// Pushers of one user.
  static let limit = 100

  private static let select = Statement(
    "pushers_select",
    """
    SELECT app_id, pushkey, kind, app_display_name, device_display_name, profile_tag, lang, data
    FROM pushers WHERE user_id = $1 ORDER BY pusher_id
    """)
  private static let upsert = Statement(
    "pushers_upsert",
    """
    INSERT INTO pushers (user_id, device_id, app_id, pushkey, kind, app_display_name,
      device_display_name, profile_tag, lang, data, created_at, last_stream_ordering)
    SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12
    WHERE (
      SELECT count(*) FROM pushers
      WHERE user_id = $1 AND (app_id, pushkey) IS DISTINCT FROM ($3, $4)
    ) < $13
    ON CONFLICT (app_id, pushkey, user_id) DO UPDATE
    SET device_id = excluded.device_id, kind = excluded.kind,
      app_display_name = excluded.app_display_name,
      device_display_name = excluded.device_display_name, profile_tag = excluded.profile_tag,
      lang = excluded.lang, data = excluded.data
    """)
  private static let deleteOthers = Statement(
    "pushers_delete_others",
    "DELETE FROM pushers WHERE app_id = $1 AND pushkey = $2 AND user_id <> $3")
  private static let delete = Statement(
    "pushers_delete",
    "DELETE FROM pushers WHERE app_id = $1 AND pushkey = $2 AND user_id = $3")
  private static let deleteOfDevices = Statement(
    "pushers_delete_of_devices",
    "DELETE FROM pushers WHERE user_id = $1 AND device_id = ANY($2)")
  private static let deleteOfUser = Statement(
    "pushers_delete_of_user", "DELETE FROM pushers WHERE user_id = $1")

  private let database: Database

  package init(database: Database) {
    self.database = database
  }

  package func list(_ user: UserID) async throws -> [Pusher] {
    let rows = try await database.query(Self.select, [.text(user.text)])
    return (0..<rows.count).compactMap { row in
      guard let appID = rows.text(row, 0), let pushkey = rows.text(row, 1),
        let kind = rows.text(row, 2).flatMap({ Pusher.Kind(rawValue: $0) }),
        let appName = rows.text(row, 3), let deviceName = rows.text(row, 4),
        let language = rows.text(row, 6), let data = rows.bytes(row, 7)
      else { return nil }
      return Pusher(
        appID: appID, pushkey: pushkey, kind: kind, appDisplayName: appName,
        deviceDisplayName: deviceName, profileTag: rows.text(row, 5), language: language,
        data: data)
    }
  }

  /// Adds a pusher, or changes the user's one with the same app and key.
  /// - Parameters:
  ///   - replacesOthers: removes the pushers that other users have with the app and key.
  ///   - position: in the events stream, from which on a new pusher sends.
  /// - Throws: `Pusher.Fault.tooMany`, `PostgresError`.
  package func set(
    _ pusher: Pusher, of user: UserID, device: String?, replacesOthers: Bool, from position: Int64,
    now: Int64
  ) async throws {
    try await database.transaction { transaction in
      if replacesOthers {
        _ = try await transaction.query(
          Self.deleteOthers, [.text(pusher.appID), .text(pusher.pushkey), .text(user.text)])
      }
      let rows = try await transaction.query(
        Self.upsert,
        [
          .text(user.text), .text(device), .text(pusher.appID), .text(pusher.pushkey),
          .text(pusher.kind.rawValue), .text(pusher.appDisplayName),
          .text(pusher.deviceDisplayName), .text(pusher.profileTag), .text(pusher.language),
          .bytes(pusher.data), .int(now), .int(position), .int(Int64(Self.limit)),
        ])
      guard rows.affectedRows == 1 else { throw Pusher.Fault.tooMany }
    }
  }

  /// Those that were set with the devices.
  package static func removeAll(
    of deviceIDs: [String], of user: UserID, in transaction: any Querying
  ) async throws {
    _ = try await transaction.query(deleteOfDevices, [.text(user.text), .texts(deviceIDs)])
  }

  package static func removeAll(of user: UserID, in transaction: any Querying) async throws {
    _ = try await transaction.query(deleteOfUser, [.text(user.text)])
  }

  /// Does nothing when there is no such pusher.
  package func remove(appID: String, pushkey: String, of user: UserID) async throws {
    _ = try await database.query(
      Self.delete, [.text(appID), .text(pushkey), .text(user.text)])
  }
}
