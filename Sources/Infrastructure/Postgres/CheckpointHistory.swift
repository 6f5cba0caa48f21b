import Synchronization

/// Where a server stood when a connection to it was opened.
struct Checkpoint: Sendable, Equatable {
  /// The place of the latest checkpoint in the log; it only ever grows.
  let position: Int64
  /// True when that checkpoint is the one a server makes when it starts (or stops).
  let isRestart: Bool
  /// The transaction id that was the next to be given out at that checkpoint.
  let nextTransactionID: Int64

  /// Four columns of text; a role may lack the right to see them.
  static let sql = """
    SELECT (checkpoint_lsn - '0/0')::bigint::text, (checkpoint_lsn = redo_lsn)::int::text,
      split_part(next_xid, ':', 1), split_part(next_xid, ':', 2)
    FROM pg_control_checkpoint()
    """

  init(position: Int64, isRestart: Bool, nextTransactionID: Int64) {
    self.position = position
    self.isRestart = isRestart
    self.nextTransactionID = nextTransactionID
  }

  init?(_ rows: Rows) {
    func number(_ column: Int) -> Int64? { rows.text(0, column).flatMap { Int64($0) } }
    guard let position = number(0), let isRestart = number(1), let epoch = number(2),
      let low = number(3)
    else { return nil }
    self.init(
      position: position, isRestart: isRestart == 1, nextTransactionID: epoch << 32 | low)
  }
}

/// What this process has seen of the server's restarts.
///
/// A server that crashed gives the ids of those transactions out again of which nothing had
/// reached the disk, so the status of an id may be that of another transaction. Each restart
/// begins with a checkpoint that tells the next id of that moment; an id from there on that was
/// handed out before the restart is gone.
///
/// Every new connection looks at the latest checkpoint before it is used, so no transaction of
/// this process can take such an id without the restart being known. What is not noticed is a
/// server that crashes twice before this process has connected to it in between.
final class CheckpointHistory: Sendable {
  private static let limit = 64

  private let restarts = Mutex<[Checkpoint]>([])

  func note(_ checkpoint: Checkpoint) {
    guard checkpoint.isRestart else { return }
    restarts.withLock { restarts in
      guard !restarts.contains(checkpoint) else { return }
      restarts.append(checkpoint)
      if restarts.count > Self.limit { restarts.removeFirst() }
    }
  }

  /// True when a transaction of a connection that was opened at `opening` was lost in a crash.
  func hasLost(_ transactionID: Int64, openedAt opening: Checkpoint) -> Bool {
    restarts.withLock { restarts in
      restarts.contains {
        $0.position > opening.position && transactionID >= $0.nextTransactionID
      }
    }
  }
}
