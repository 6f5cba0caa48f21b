import RoomEvents

/// A state event as the index has it, with what it cites directly.
struct ChainEntry: Equatable, Sendable {
  /// The event's.
  let number: Int64
  let key: StateTuple
  /// Nil for an event that none may cite.
  let position: ChainPosition?
  /// Across chains. That it cites the one before it in its own chain goes without saying.
  var links: [ChainPosition] = []

  /// What it cites, its own chain included.
  var cited: [ChainPosition] {
    guard let position, position.sequence > 1 else { return links }
    return links + [ChainPosition(chain: position.chain, sequence: position.sequence - 1)]
  }
}

/// What cites events of some chains.
struct ChainCiters: Equatable, Sendable {
  struct Citer: Equatable, Sendable {
    let entry: ChainEntry
    let cited: ChainPosition
  }

  /// The events of the chains themselves: each but the first cites the one before it.
  var members: [ChainEntry] = []
  var citers: [Citer] = []
}
