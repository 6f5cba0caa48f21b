import MatrixIdentifiers
import Postgres

/// The refresh tokens of devices, of which only hashes are kept.
enum RefreshStore {
  struct Owner: Sendable {
    let userID: UserID
    let deviceID: String
  }

  static func owner(of hash: [UInt8], on database: any Querying) async throws -> Owner? {
    let rows = try await database.query(selectOwner, [.bytes(hash)])
    guard rows.count > 0, let user = rows.text(0, 0).flatMap(UserID.init),
      let device = rows.text(0, 1)
    else { return nil }
    return Owner(userID: user, deviceID: device)
  }

  static func insert(
    _ state: RefreshState, of user: UserID, _ deviceID: String, on transaction: any Querying
  ) async throws {
    _ = try await transaction.query(
      insertState,
      [
        .text(user.text), .text(deviceID), .int(state.generation), .bytes(state.current.hash),
        .int(state.current.validUntil), .int(state.sessionEnd),
      ])
  }

  /// The caller has locked the user.
  static func state(
    of user: UserID, _ deviceID: String, on transaction: any Querying
  ) async throws -> RefreshState? {
    let rows = try await transaction.query(selectState, [.text(user.text), .text(deviceID)])
    guard let generation = rows.int(0, 0), let current = rows.bytes(0, 1) else { return nil }
    return RefreshState(
      generation: generation,
      current: RefreshState.Token(hash: current, validUntil: rows.int(0, 2)),
      previous: rows.bytes(0, 3).map {
        RefreshState.Token(hash: $0, validUntil: rows.int(0, 4))
      },
      sessionEnd: rows.int(0, 5))
  }

  static func update(
    _ state: RefreshState, of user: UserID, _ deviceID: String, on transaction: any Querying
  ) async throws {
    _ = try await transaction.query(
      updateState,
      [
        .text(user.text), .text(deviceID), .int(state.generation), .bytes(state.current.hash),
        .int(state.current.validUntil), .bytes(state.previous?.hash),
        .int(state.previous?.validUntil),
      ])
  }

  /// Ends the refresh token before the generation, as something of the generation is used.
  static func forgetPrevious(
    of generation: Int64, _ user: UserID, _ deviceID: String, on transaction: any Querying
  ) async throws {
    _ = try await transaction.query(
      clearPrevious, [.text(user.text), .text(deviceID), .int(generation)])
  }

  private static let selectOwner = Statement(
    "accounts_refresh_token_owner",
    "SELECT user_id, device_id FROM refresh_tokens WHERE current_hash = $1 OR previous_hash = $1")

  private static let insertState = Statement(
    "accounts_insert_refresh_token",
    """
    INSERT INTO refresh_tokens
      (user_id, device_id, generation, current_hash, current_valid_until, session_end)
    VALUES ($1, $2, $3, $4, $5, $6)
    """)

  private static let selectState = Statement(
    "accounts_refresh_state",
    """
    SELECT generation, current_hash, current_valid_until, previous_hash, previous_valid_until,
      session_end
    FROM refresh_tokens WHERE user_id = $1 AND device_id = $2
    """)

  private static let updateState = Statement(
    "accounts_update_refresh_token",
    """
    UPDATE refresh_tokens SET generation = $3, current_hash = $4, current_valid_until = $5,
      previous_hash = $6, previous_valid_until = $7
    WHERE user_id = $1 AND device_id = $2
    """)

  private static let clearPrevious = Statement(
    "accounts_clear_previous_refresh_token",
    """
    UPDATE refresh_tokens SET previous_hash = NULL, previous_valid_until = NULL
    WHERE user_id = $1 AND device_id = $2 AND generation = $3
    """)
}
