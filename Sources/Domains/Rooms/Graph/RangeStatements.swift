import Postgres

/// A question about the events in ranges of chains, in two forms: the first events of chains are
/// found by their numbers, the others by their places. Two plain statements are planned sooner than
/// one that does both, and mostly one is enough.
struct RangeStatements: Sendable {
  private let firsts: Statement
  private let others: Statement

  /// - Parameter sql: with a source of events `e`, which takes the first two parameters.
  init(_ name: String, _ sql: (_ events: String) -> String) {
    let ranges = "unnest($1::bigint[], $2::bigint[]) AS r (first, last)"
    firsts = Statement(
      name + "_firsts", sql("\(ranges) JOIN events e ON e.stream_ordering = r.first"))
    others = Statement(
      name,
      sql(
        "\(ranges) CROSS JOIN LATERAL \(ChainColumns.events(from: "r.first", to: "r.last")) e"))
  }

  /// None that finds nothing.
  /// - Parameter more: parameters after the first two.
  func queries(_ ranges: [ChainRange], _ more: [Bind] = []) -> [Query] {
    let first = ranges.filter { $0.first <= 1 && $0.last >= 1 }.map(\.chain)
    let rest = ranges.filter { $0.last > 1 }
    var queries: [Query] = []
    if !first.isEmpty { queries.append(Query(firsts, [.ints(first), .ints(first)] + more)) }
    if !rest.isEmpty {
      let ends = rest.map { range in
        (
          ChainPosition(chain: range.chain, sequence: max(range.first, 2)).raw,
          ChainPosition(chain: range.chain, sequence: min(range.last, ChainPosition.longest)).raw
        )
      }
      queries.append(Query(others, [.ints(ends.map(\.0)), .ints(ends.map(\.1))] + more))
    }
    return queries
  }
}
