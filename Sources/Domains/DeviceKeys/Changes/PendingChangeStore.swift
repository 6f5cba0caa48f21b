import MatrixIdentifiers
package import Postgres

/// Changes of device lists that were made by others than the stream's writer, such as the deletion
/// of a device: kept from the transaction that makes them until the writer has told them.
package struct PendingChangeStore: Sendable {
  /// Devices of a user that are told at once.
  static let batchLimit = 200

  private let database: any Querying

  package init(database: any Querying) {
    self.database = database
  }

  /// Users with changes that nobody has told.
  func users(limit: Int) async throws -> [UserID] {
    let rows = try await database.query(Self.waiting, [.int(Int64(limit))])
    return (0..<rows.count).compactMap { rows.text($0, 0).flatMap { UserID($0) } }
  }

  /// Has the writer tell of those of the devices that have keys.
  func add(_ devices: [String], of user: UserID) async throws {
    _ = try await database.query(Self.note, [.text(user.text), .texts(devices)])
  }

  /// Part of the transaction that deletes the devices.
  static func deletion(of devices: [String], of user: UserID) -> Query {
    Query(delete, [.text(user.text), .texts(devices)])
  }

  /// Part of the transaction that ends the account.
  static func deletion(of user: UserID) -> [Query] {
    [deleteCrossSigning, deleteSignatures].map { Query($0, [.text(user.text)]) }
  }

  /// Takes the first of a user's changes.
  static func take(of user: UserID) -> Query {
    Query(take, [.text(user.text), .int(Int64(batchLimit))])
  }

  /// Those of the devices that have keys.
  static func known(_ devices: [String], of user: UserID) -> Query {
    Query(known, [.text(user.text), .texts(devices)])
  }
}

extension PendingChangeStore {
  private static let waiting = Statement(
    "device_lists_waiting", "SELECT DISTINCT user_id FROM device_list_pending LIMIT $1")

  private static let note = Statement(
    "device_lists_note",
    """
    INSERT INTO device_list_pending (user_id, device_id)
    SELECT user_id, device_id FROM device_identity_keys
    WHERE user_id = $1 AND device_id = ANY ($2)
    ON CONFLICT DO NOTHING
    """)

  private static let delete = Statement(
    "device_keys_delete_identity",
    """
    WITH gone AS (
      DELETE FROM device_identity_keys WHERE user_id = $1 AND device_id = ANY ($2)
      RETURNING user_id, device_id
    )
    INSERT INTO device_list_pending (user_id, device_id) SELECT user_id, device_id FROM gone
    ON CONFLICT DO NOTHING
    """)

  private static let deleteCrossSigning = Statement(
    "device_keys_delete_cross_signing",
    """
    WITH gone AS (DELETE FROM cross_signing_keys WHERE user_id = $1 RETURNING user_id)
    INSERT INTO device_list_pending (user_id, device_id) SELECT DISTINCT user_id, '' FROM gone
    ON CONFLICT DO NOTHING
    """)

  private static let deleteSignatures = Statement(
    "device_keys_delete_signatures",
    "DELETE FROM user_signatures WHERE signer = $1 OR user_id = $1")

  private static let take = Statement(
    "device_lists_take",
    """
    DELETE FROM device_list_pending WHERE user_id = $1 AND device_id IN (
      SELECT device_id FROM device_list_pending WHERE user_id = $1 ORDER BY device_id LIMIT $2)
    RETURNING device_id
    """)

  private static let known = Statement(
    "device_lists_known",
    "SELECT device_id FROM device_identity_keys WHERE user_id = $1 AND device_id = ANY ($2)")
}
