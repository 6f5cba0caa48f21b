/// A place in the index of a room's auth chains.
///
/// The index covers the graph of `auth_events` with chains: in each, every event has all those
/// before it in its auth chain. What an event's auth chain holds of one chain is therefore all of
/// it up to some place, and two auth chains are compared by a number for each chain. All events of
/// one chain are state of the same type and state key.
package struct ChainPosition: Hashable, Sendable {
  /// The number of the chain's first event.
  package let chain: Int64
  /// From 1 on, without gaps.
  package let sequence: Int64

  package init(chain: Int64, sequence: Int64) {
    self.chain = chain
    self.sequence = sequence
  }
}

/// A part of a chain, with both its ends.
package struct ChainRange: Hashable, Sendable {
  package let chain: Int64
  package let first: Int64
  package let last: Int64

  package init(chain: Int64, first: Int64, last: Int64) {
    self.chain = chain
    self.first = first
    self.last = last
  }
}
