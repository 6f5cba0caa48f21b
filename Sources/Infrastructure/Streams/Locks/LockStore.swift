import Postgres

/// The SQL of one holder of a lock. A lock that a crash of the server undoes is one that was lost:
/// the fence tells. So nothing here waits for the disk.
struct LockStore: Sendable {
  let name: LockName
  let key: String
  /// Tells this holder from all others, and from its own earlier times.
  let token: Int64
  let database: Database

  func acquire(_ mode: LockMode, lease: Duration) async throws -> Bool {
    let rows = try await run(
      Self.acquire, id + [.bool(mode == .exclusive), .double(lease / .seconds(1))])
    return rows.bool(0, 0) ?? false
  }

  /// False when it has run out and somebody else came.
  func renew(lease: Duration) async throws -> Bool {
    try await run(Self.renew, id + [.double(lease / .seconds(1))]).affectedRows == 1
  }

  func release() async throws {
    _ = try await run(Self.release, id)
  }

  func fence() -> Query {
    Query(Self.fence, id)
  }

  private func run(_ statement: Statement, _ binds: [Bind]) async throws -> Rows {
    let answers = try await database.queryAll([.relaxedCommit, Query(statement, binds)])
    guard let rows = answers.last else { throw PostgresError(.unavailable, "no answer") }
    return rows
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
