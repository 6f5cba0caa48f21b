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

  private static let status = Statement(
    "transaction_status", "SELECT pg_xact_status($1::xid8)")

  /// "The transaction's id is in the future": it was lost with a crash.
  private static let notYetAssigned = "22023"

  /// - Parameter opening: the server's checkpoint when the lost connection was opened.
  func outcome(of id: Int64, openedAt opening: Checkpoint?) async -> Outcome {
    let history = database.context.connector.history
    let deadline = NIODeadline.now() + Limits.commitResolution.amount
    var backoff = Backoff(first: .milliseconds(10), ceiling: .milliseconds(500))
    while NIODeadline.now() < deadline {
      do {
        let rows = try await database.query(Self.status, [.text(String(id))])
        // Asked after the answer: the connection that gave it has brought the history up to date.
        if let opening, history.hasLost(id, openedAt: opening) { return .aborted }
        switch rows.text(0, 0) {
        case "committed": return .committed
        case "aborted": return .aborted
        case "in progress": break
        default: return .unknown
        }
      } catch let error as PostgresError where error.sqlState == Self.notYetAssigned {
        return .aborted
      } catch let error as PostgresError where error.kind == .other {
        return .unknown
      } catch {}
      await database.context.pause(backoff.delay(random: .random(in: 0..<1)))
    }
    return .unknown
  }
}
