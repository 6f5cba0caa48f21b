import Executors
import NIOCore

/// Finds out what became of a transaction whose COMMIT was not answered.
struct CommitResolver: Sendable {
  enum Outcome: Sendable, Equatable {
    case committed
    case aborted
    case unknown
  }

  let database: Database

  /// Answers after the restart of a crashed server need care: the ids of transactions of which
  /// nothing reached the disk are given out again, so the status of such an id is that of
  /// another transaction. After a restart the latest checkpoint is the one made by it (its redo
  /// position is itself) and tells the next id of that moment: an id from there on was not
  /// handed to us by this incarnation, so ours is gone. (Should the server make yet another
  /// checkpoint before it is asked, that is not noticed; by default they are minutes apart.)
  private static let status = Statement(
    "transaction_status",
    """
    SELECT pg_xact_status($1::xid8), c.checkpoint_lsn::text, c.checkpoint_lsn = c.redo_lsn,
      split_part(c.next_xid, ':', 1)::bigint << 32 | split_part(c.next_xid, ':', 2)::bigint
    FROM pg_control_checkpoint() c
    """)
  /// For a role that may not see the checkpoint.
  private static let plainStatus = Statement(
    "transaction_plain_status",
    "SELECT pg_xact_status($1::xid8), NULL::text, NULL::boolean, NULL::bigint")

  /// "The transaction's id is in the future": it was lost with a crash.
  private static let notYetAssigned = "22023"

  /// - Parameter checkpoint: the latest checkpoint when the lost connection was opened.
  func outcome(of id: Int64, checkpoint: String?) async -> Outcome {
    let deadline = NIODeadline.now() + Limits.commitResolution.amount
    var backoff = Backoff(first: .milliseconds(10), ceiling: .milliseconds(500))
    let statement = checkpoint == nil ? Self.plainStatus : Self.status
    while NIODeadline.now() < deadline {
      do {
        let rows = try await database.query(statement, [.text(String(id))])
        if let outcome = Self.read(rows, id: id, checkpoint: checkpoint) { return outcome }
      } catch let error as PostgresError where error.sqlState == Self.notYetAssigned {
        return .aborted
      } catch let error as PostgresError where error.kind == .other {
        return .unknown
      } catch {}
      await database.context.pause(backoff.delay(random: .random(in: 0..<1)))
    }
    return .unknown
  }

  /// Nil while the server still works on it.
  private static func read(_ rows: Rows, id: Int64, checkpoint: String?) -> Outcome? {
    let restarted = rows.bool(0, 2) == true && rows.text(0, 1) != checkpoint
    if restarted, let next = rows.int(0, 3), id >= next { return .aborted }
    switch rows.text(0, 0) {
    case "committed": return .committed
    case "aborted": return .aborted
    case "in progress": return nil
    default: return .unknown
    }
  }
}
