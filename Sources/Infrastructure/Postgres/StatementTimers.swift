import Metrics
import NIOCore
import Synchronization

/// Records how long one statement takes from sending it to its answer.
struct StatementTimer: Sendable {
  private static let nanosecondsPerSecond = 1e9

  /// Of all statements with the same verb.
  fileprivate let verb: Timer
  fileprivate let count: Counter
  fileprivate let seconds: FloatingPointCounter

  func record(since start: NIODeadline, now: NIODeadline) {
    let nanoseconds = (now - start).nanoseconds
    verb.recordNanoseconds(nanoseconds)
    count.increment()
    seconds.increment(by: Double(nanoseconds) / Self.nanosecondsPerSecond)
  }
}

/// The timers of all statements, each made once. Synapse's names: times by the verb of the SQL,
/// and sums by what it is for.
final class StatementTimers: Sendable {
  private let timers = Mutex<[String: StatementTimer]>([:])

  func timer(for statement: Statement) -> StatementTimer {
    timers.withLock { timers in
      if let known = timers[statement.name] { return known }
      let verb = Timer(
        label: "synapse_storage_query_time", dimensions: [("verb", Self.verb(of: statement))])
      let purpose = [("desc", statement.name)]
      let timer = StatementTimer(
        verb: verb,
        count: Counter(label: "synapse_storage_transaction_time_count", dimensions: purpose),
        seconds: FloatingPointCounter(
          label: "synapse_storage_transaction_time_sum", dimensions: purpose))
      timers[statement.name] = timer
      return timer
    }
  }

  private static func verb(of statement: Statement) -> String {
    let word = statement.sql.drop { $0.isWhitespace }.prefix { $0.isLetter }
    return word.uppercased()
  }
}
