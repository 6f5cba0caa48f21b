/// How busy the connections of a process are, for those who watch the fleet.
package struct PoolFacts: Sendable {
  /// Connections that single statements share, as far as they are open.
  package let shared: Int
  /// Round trips that the shared connections have not answered yet, or that wait for one.
  package let roundTrips: Int
  /// Connections for transactions that are open.
  package let exclusive: Int
  /// How many of those a transaction holds.
  package let held: Int
  /// Transactions that wait for a connection.
  package let waiting: Int
}

extension Database {
  package var facts: PoolFacts {
    let (exclusive, held, waiting) = pool.counts
    return PoolFacts(
      shared: links.count, roundTrips: links.load, exclusive: exclusive, held: held,
      waiting: waiting)
  }
}
