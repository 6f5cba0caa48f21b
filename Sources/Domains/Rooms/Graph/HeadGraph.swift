import MatrixIdentifiers
import RoomEvents

/// Where an event stands in its room's graph, as it is stored.
struct GraphPlace: Equatable, Sendable {
  /// The numbers of its previous events, as far as they are here.
  let previous: [Int64]
  /// Of an accepted state event.
  let node: ChainNode?
}

/// What the owner of a room knows of its graph in order to place the next event: the numbers of
/// the extremities, and of state events that are loaded their nodes. An event's number is its
/// stream ordering.
struct HeadGraph: Sendable {
  private var extremities: [EventID: Int64] = [:]
  private var nodes: [StateTuple: (id: EventID, node: ChainNode)] = [:]

  init(extremities: [EventID: Int64] = [:]) {
    self.extremities = extremities
  }

  func number(of extremity: EventID) -> Int64? {
    extremities[extremity]
  }

  func node(_ key: StateTuple, _ id: EventID) -> ChainNode? {
    nodes[key].flatMap { $0.id == id ? $0.node : nil }
  }

  mutating func note(_ id: EventID, _ node: ChainNode) {
    nodes[node.key] = (id, node)
  }

  mutating func setExtremities(_ numbers: [EventID: Int64]) {
    extremities = numbers
  }

  mutating func forgetNode(_ key: StateTuple) {
    nodes[key] = nil
  }

  mutating func forgetNodes() {
    nodes = [:]
  }

  /// Places an event of this server, which stands on extremities and cites current state, and makes
  /// it one in place of these.
  ///
  /// - Parameter current: which events the state's entries are.
  mutating func append(_ event: Event, number: Int64) -> GraphPlace {
    let previous = event.prevEvents.compactMap { extremities[$0] }
    for id in event.prevEvents { extremities[id] = nil }
    extremities[event.eventID] = number
    guard let key = event.stateTuple else { return GraphPlace(previous: previous, node: nil) }
    let cited = Set(event.authEvents)
    let node = ChainNode(
      number: number, key: key,
      citing: event.authEventKeys.compactMap { key in
        nodes[key].flatMap { cited.contains($0.id) ? $0.node : nil }
      })
    note(event.eventID, node)
    return GraphPlace(previous: previous, node: node)
  }
}
