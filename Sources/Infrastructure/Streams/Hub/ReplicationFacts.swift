/// How a process follows the streams, for those who watch the fleet.
package struct ReplicationFacts: Sendable {
  package struct Stream: Sendable {
    package let name: StreamName
    /// Up to where everything has been delivered.
    package let position: Int64
    /// By how many positions the delivery is behind what is known to exist; of several writers,
    /// the one that is furthest behind.
    package let lag: Int64
    /// Batches that wait for what comes before them.
    package let waiting: Int
    /// Batches of rows that came over the bus and were not known yet.
    package let received: Int
  }

  /// Whether messages of the other processes arrive at once; else they are found by polling.
  package let isConnected: Bool
  package let streams: [Stream]
}
