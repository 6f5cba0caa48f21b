/// A place in the index of a room's auth chains.
///
/// The index covers the graph of `auth_events` with chains: in each, every event has all those
/// before it in its auth chain. What an event's auth chain holds of one chain is therefore all of
/// it up to some place, and two auth chains are compared by a number for each chain. All events of
/// one chain are state of the same type and state key.
package struct ChainPosition: Hashable, Sendable {
  static let sequenceBits = 16
  /// Events that a chain has at most, so that a position fits into one number: what follows them
  /// begins another chain.
  package static let longest: Int64 = 1 << sequenceBits

  /// The number of the chain's first event.
  package let chain: Int64
  /// From 1 on, without gaps.
  package let sequence: Int64

  package init(chain: Int64, sequence: Int64) {
    self.chain = chain
    self.sequence = sequence
  }

  /// From the form in which it is stored, the order of which is that of a chain.
  package init(raw: Int64) {
    chain = raw >> Self.sequenceBits
    sequence = (raw & (Self.longest - 1)) + 1
  }

  package var raw: Int64 {
    chain << Self.sequenceBits | (sequence - 1)
  }

  /// Nil at the end of the longest.
  var next: ChainPosition? {
    sequence < Self.longest ? ChainPosition(chain: chain, sequence: sequence + 1) : nil
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
