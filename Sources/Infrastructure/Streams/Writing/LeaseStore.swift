import Postgres

/// The SQL of one writer's lease and position.
struct LeaseStore: Sendable {
  private static let acquire = Statement(
    "streams_lease_acquire",
    "SELECT new_epoch, reached FROM apus_acquire_lease($1, $2, $3, $4, $5, $6)", repeatable: false)
  private static let renew = Statement(
    "streams_lease_renew",
    """
    UPDATE writer_leases SET expires_at = clock_timestamp() + make_interval(secs => $5)
    WHERE stream = $1 AND instance_id = $2 AND holder = $3 AND epoch = $4
      AND expires_at > clock_timestamp()
    """)
  private static let release = Statement(
    "streams_lease_release",
    """
    UPDATE writer_leases SET expires_at = clock_timestamp()
    WHERE stream = $1 AND instance_id = $2 AND holder = $3
    """)
  private static let settle = Statement(
    "streams_settle", "SELECT apus_settle($1, $2, $3, $4)", repeatable: false)
  private static let fence = Statement(
    "streams_fence", "SELECT apus_fence($1, $2, $3)", repeatable: false)
  private static let advance = Statement(
    "streams_position",
    """
    UPDATE stream_positions SET position = greatest(position, $3)
    WHERE stream = $1 AND instance_id = $2
    """)

  let stream: StreamName
  let writer: WriterID
  /// Tells this process from earlier and later ones with the same instance name.
  let holder: Int64
  let database: Database

  /// Waits for the transactions of the lease's holder to end.
  /// - Parameter takeOver: whether to take it from another process.
  /// - Returns: nil when another process holds it.
  func acquire(
    takeOver: Bool, duration: Duration
  ) async throws -> (epoch: Int64, position: Int64)? {
    let binds: [Bind] =
      key + [
        .int(holder), .bool(takeOver), .double(Self.seconds(duration)), .text(stream.sequence),
      ]
    // On a connection of its own: waiting for a lock would hold up a shared one.
    let rows = try await database.transaction { transaction in
      try await transaction.query(Self.acquire, binds)
    }
    guard let epoch = rows.int(0, 0), let position = rows.int(0, 1) else { return nil }
    return (epoch, position)
  }

  /// False when the lease has run out or has been taken.
  func renew(epoch: Int64, duration: Duration) async throws -> Bool {
    let binds: [Bind] = key + [.int(holder), .int(epoch), .double(Self.seconds(duration))]
    return try await database.query(Self.renew, binds).affectedRows == 1
  }

  func release() async throws {
    _ = try await database.query(Self.release, key + [.int(holder)])
  }

  /// Moves the position up to the sequence's last value.
  /// - Returns: nil when a transaction of the writer is under way or the lease is not held.
  func settle(epoch: Int64) async throws -> Int64? {
    try await database.query(Self.settle, key + [.int(epoch), .text(stream.sequence)]).int(0, 0)
  }

  func fence(epoch: Int64) -> Query {
    Query(Self.fence, key + [.int(epoch)])
  }

  func advance(to position: Int64) -> Query {
    Query(Self.advance, key + [.int(position)])
  }

  private var key: [Bind] {
    [.text(stream.rawValue), .int(Int64(writer.raw))]
  }

  private static func seconds(_ duration: Duration) -> Double {
    duration / .seconds(1)
  }
}
