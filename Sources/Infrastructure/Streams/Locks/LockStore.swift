import Postgres

/// The SQL of one holder of a lock.
struct LockStore: Sendable {
  let name: LockName
  let key: String
  /// Tells this holder from all others, and from its own earlier times.
  let token: Int64
  let database: Database

  func acquire(_ mode: LockMode, lease: Duration) async throws -> Bool {
    let rows = try await database.query(
      Self.acquire, id + [.bool(mode == .exclusive), .double(lease / .seconds(1))])
    return rows.bool(0, 0) ?? false
  }

  /// False when it has run out and somebody else came.
  func renew(lease: Duration) async throws -> Bool {
    try await database.query(Self.renew, id + [.double(lease / .seconds(1))]).affectedRows == 1
  }

  func release() async throws {
    _ = try await database.query(Self.release, id)
  }

  func fence() -> Query {
    Query(Self.fence, id)
  }

  private var id: [Bind] { [.text(name.rawValue), .text(key), .int(token)] }

  private static let acquire = Statement(
    "locks_acquire", "SELECT apus_acquire_lock($1, $2, $3, $4, $5)", repeatable: true)
  private static let renew = Statement(
    "locks_renew",
    """
    UPDATE worker_locks SET expires_at = clock_timestamp() + make_interval(secs => $4)
    WHERE name = $1 AND key = $2 AND token = $3 AND NOT waiting
    """, repeatable: true)
  private static let release = Statement(
    "locks_release", "DELETE FROM worker_locks WHERE name = $1 AND key = $2 AND token = $3",
    repeatable: true)
  private static let fence = Statement(
    "locks_fence", "SELECT apus_lock_fence($1, $2, $3)", repeatable: false)
}
