package import RoomEvents

/// A state event in the index of auth chains.
package struct ChainNode: Hashable, Sendable {
  /// The event's stream ordering.
  package let number: Int64
  package let key: StateTuple
  /// Nil for events that none may cite: they are in no auth chain.
  package let position: ChainPosition?
  /// Whether its chain goes no further.
  package var isEnd: Bool
  /// The numbers of the events that it cites, without those that it also reaches through another
  /// of them or along its own chain.
  package let links: [Int64]
  /// The number of the event before it in its chain, when that was just found.
  var predecessor: Int64?

  package init(
    number: Int64, key: StateTuple, position: ChainPosition?, isEnd: Bool, links: [Int64]
  ) {
    self.number = number
    self.key = key
    self.position = position
    self.isEnd = isEnd
    self.links = links
  }
}

extension ChainNode {
  /// Whether an auth event can be of this type.
  ///
  /// spec: server-server-api#auth-events-selection
  static func isCitable(_ type: String) -> Bool {
    switch type {
    case EventType.create, EventType.member, EventType.powerLevels, EventType.joinRules,
      EventType.thirdPartyInvite:
      true
    default: false
    }
  }

  /// Gives a new event its place. Only the room's writer does so, one event after the other, so a
  /// place is given once.
  ///
  /// - Parameter cited: the nodes of its auth events, all of which have places.
  package init(number: Int64, key: StateTuple, citing cited: [ChainNode]) {
    let isCitable = Self.isCitable(key.type)
    let predecessor =
      isCitable ? cited.first { $0.key == key && $0.isEnd && $0.position?.next != nil } : nil
    let links = cited.filter { target in
      target.number != predecessor?.number
        && !cited.contains { $0.number != target.number && $0.leads(to: target) }
    }
    var position: ChainPosition?
    if let next = predecessor?.position?.next {
      position = next
    } else if isCitable {
      position = ChainPosition(chain: number, sequence: 1)
    }
    self.init(
      number: number, key: key, position: position, isEnd: true,
      links: Array(Set(links.lazy.map(\.number))).sorted())
    self.predecessor = predecessor?.number
  }

  /// Whether the other one is in its auth chain, as far as that shows without a look at more.
  private func leads(to other: ChainNode) -> Bool {
    // Whatever cites anything leads to the create event.
    if other.key == .create || links.contains(other.number) { return true }
    guard let own = position, let its = other.position else { return false }
    return own.chain == its.chain && own.sequence > its.sequence
  }
}
