import Executors
import Postgres
import Synchronization

/// A database whose answers to some statements are held back until a test lets them go, so that
/// things can happen between a query and the use of its rows.
final class GatedDatabase: Querying {
  struct Failure: Error {}

  /// A held answer.
  struct Held: Sendable {
    fileprivate let end: Waiter<Bool>

    func release() {
      end.resolve(true)
    }

    /// Has the query fail, as when its connection broke.
    func fail() {
      end.resolve(false)
    }
  }

  private let database: Database
  private let name: String
  private let answers: AsyncStream<Held>
  private let answer: AsyncStream<Held>.Continuation

  /// - Parameter name: of the statements to hold.
  init(_ database: Database, holding name: String) {
    self.database = database
    self.name = name
    (answers, answer) = AsyncStream.makeStream()
  }

  /// Waits until an answer is there and held.
  func held() async throws -> Held {
    for await held in answers { return held }
    throw CancellationError()
  }

  func query(_ statement: Statement, _ binds: [Bind]) async throws -> Rows {
    let rows = try await database.query(statement, binds)
    guard statement.name == name else { return rows }
    let end = Waiter<Bool>()
    answer.yield(Held(end: end))
    guard await end.value(ifCancelled: false) else { throw Failure() }
    return rows
  }

  func queryAll(_ batch: [Query]) async throws -> [Rows] {
    try await database.queryAll(batch)
  }
}
