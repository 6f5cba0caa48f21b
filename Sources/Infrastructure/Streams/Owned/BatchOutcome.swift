import Postgres

/// The outcomes of a batch of changes, joined for one commit.
struct BatchOutcome<Row: Sendable>: Sendable {
  private(set) var writes: [Query] = []
  private(set) var rows: [StreamRow<Row>] = []
  private(set) var answers: [Result<[UInt8], OwnerError>] = []

  /// - Parameters:
  ///   - positions: as many as the changes may use in all, ascending.
  ///   - read: the answers to the reads of all changes, in order.
  init(_ changes: [StreamChange<Row>], positions: [Int64], read: ArraySlice<Rows>) {
    var (read, positions) = (read, positions[...])
    for change in changes {
      let own = Array(read.prefix(change.reads.count))
      let reserved = Array(positions.prefix(change.rowLimit))
      read = read.dropFirst(change.reads.count)
      positions = positions.dropFirst(change.rowLimit)
      do {
        let outcome = try change.decide(own, reserved)
        writes += outcome.writes
        rows += outcome.rows
        answers.append(.success(outcome.answer))
      } catch let error as OwnerError {
        answers.append(.failure(error))
      } catch {
        answers.append(.failure(.unavailable(reason: "the change could not be decided")))
      }
    }
  }
}

/// Positions of a stream, drawn in the transaction that uses them.
enum StreamPositions {
  private static let draw = Statement(
    "streams_draw_positions", "SELECT nextval($1::regclass) FROM generate_series(1, $2)",
    repeatable: false)

  static func draw(_ count: Int, from stream: StreamName) -> Query {
    Query(draw, [.text(stream.sequence), .int(Int64(count))])
  }

  static func read(_ rows: Rows) -> [Int64] {
    (0..<rows.count).compactMap { rows.int($0, 0) }
  }
}
