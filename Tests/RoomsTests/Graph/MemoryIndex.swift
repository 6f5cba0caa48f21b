import MatrixIdentifiers
import RoomEvents
import StateResolution
import TestKit

@testable import Rooms

/// The index of auth chains of a made-up room, grown event by event, beside the plain graph that
/// it stands for.
struct MemoryIndex {
  struct Item {
    let id: EventID
    let node: ChainNode
    /// All that it cites, by place in `items`.
    let cited: [Int]
  }

  private(set) var items: [Item] = []
  private var byNumber: [Int64: Int] = [:]
  private var byPosition: [ChainPosition: Int] = [:]
  private(set) var byID: [EventID: Int] = [:]

  mutating func append(_ key: StateTuple, citing cited: [Int]) throws {
    // Numbers of events that are fetched later go down: nothing may depend on their order.
    let number = Int64(items.count % 3 == 0 ? -1 - items.count : 1 + items.count)
    let node = ChainNode(number: number, key: key, citing: cited.map { current(items[$0].node) })
    let id = try present(EventID("$e\(items.count)"), "id")
    byNumber[number] = items.count
    byID[id] = items.count
    if let position = node.position { byPosition[position] = items.count }
    items.append(Item(id: id, node: node, cited: cited))
  }

  private func current(_ node: ChainNode) -> ChainNode {
    guard let position = node.position else { return node }
    var node = node
    let next = ChainPosition(chain: position.chain, sequence: position.sequence + 1)
    node.isEnd = byPosition[next] == nil
    return node
  }

  func item(at position: ChainPosition) -> Item? {
    byPosition[position].map { items[$0] }
  }

  func ids(_ ranges: [ChainRange]) -> Set<EventID> {
    Set(
      ranges.flatMap { range in
        (range.first...range.last).compactMap { sequence in
          item(at: ChainPosition(chain: range.chain, sequence: sequence))?.id
        }
      })
  }

  func entry(_ item: Item) -> ChainEntry {
    ChainEntry(
      number: item.node.number, key: item.node.key, position: item.node.position,
      links: item.node.links.compactMap { byNumber[$0] }.compactMap { items[$0].node.position })
  }

  func number(_ id: EventID) -> Int64? {
    byID[id].map { items[$0].node.number }
  }

  func numbers(_ conflict: StateConflict) -> ConflictingStates {
    let forks = (0..<conflict.forkCount).map { fork in
      conflict.conflicting.compactMapValues { $0[fork].flatMap { number($0) } }
    }
    let keys = Set(items.map(\.node.key))
    return ConflictingStates(
      forks: forks,
      unconflicted: { [self] key in conflict.unconflicted(key).flatMap { number($0) } },
      allUnconflicted: { [self] in
        keys.compactMap { conflict.unconflicted($0) }.compactMap { number($0) }
      })
  }

  // MARK: The plain graph

  /// The auth chain of an event, without itself.
  func ancestors(of start: Int) -> Set<Int> {
    var found: Set<Int> = []
    var stack = items[start].cited
    while let next = stack.popLast() {
      if found.insert(next).inserted { stack += items[next].cited }
    }
    return found
  }

  func difference(_ states: [StateMap]) -> Set<EventID> {
    let chains = states.map { state in
      state.values.reduce(into: Set<Int>()) { chain, id in
        if let index = byID[id] { chain.formUnion(ancestors(of: index)) }
      }
    }
    let all = chains.reduce(into: Set<Int>()) { $0.formUnion($1) }
    let common = chains.dropFirst().reduce(chains[0]) { $0.intersection($1) }
    return Set(all.subtracting(common).map { items[$0].id })
  }

  /// What lies on ways between events of the set, the ends included only where they do.
  func between(_ ids: Set<EventID>) -> Set<EventID> {
    let ends = Set(ids.compactMap { byID[$0] })
    let below = ends.reduce(into: Set<Int>()) { $0.formUnion(ancestors(of: $1)) }
    return Set(
      below.filter { !ancestors(of: $0).isDisjoint(with: ends) || ends.contains($0) }
        .map { items[$0].id })
  }

  // MARK: Answers as of a database

  func answer(_ machine: inout ChainConflictMachine) throws {
    switch machine.need {
    case .entries(let ids):
      try machine.give(ids.compactMap { byNumber[$0] }.map { entry(items[$0]) })
    case .links(let ranges):
      var links: [ChainLink] = []
      var keys: [Int64: StateTuple] = [:]
      for item in members(ranges) {
        for target in entry(item).links {
          guard let source = item.node.position else { continue }
          links.append(ChainLink(source: source, target: target))
          keys[target.chain] = self.item(at: target)?.node.key
        }
      }
      try machine.give(links, keys: keys)
    case .citers(let ranges, let limit, let total):
      var answer = ChainCiters()
      for member in members(ranges) {
        answer.members.append(entry(member))
        let citers = items.filter { $0.node.links.contains(member.node.number) }
        for citer in citers.prefix(limit ?? .max) {
          let cited = try present(member.node.position, "position")
          answer.citers.append(ChainCiters.Citer(entry: entry(citer), cited: cited))
        }
      }
      answer.citers = Array(answer.citers.prefix(total))
      try machine.give(answer)
    case .nothing:
      break
    }
  }

  private func members(_ ranges: [ChainRange]) -> [Item] {
    items.filter { item in
      guard let position = item.node.position else { return false }
      return ranges.contains {
        $0.chain == position.chain && $0.first <= position.sequence
          && position.sequence <= $0.last
      }
    }
  }
}

/// A graph of state events in which everybody cites what comes to mind.
struct RandomIndex {
  private(set) var index = MemoryIndex()
  private var random: SeededRandom

  static let keys =
    [
      StateTuple.powerLevels, .joinRules, StateTuple(EventType.thirdPartyInvite, "t"),
      StateTuple(EventType.topic), StateTuple(EventType.name),
    ] + (0..<4).map { StateTuple(EventType.member, "@u\($0):a") }

  init(seed: Int, count: Int) throws {
    random = SeededRandom(UInt64(seed))
    try index.append(.create, citing: [])
    while index.items.count < count {
      let key = random.pick(Self.keys)
      var cited: Set<Int> = random.chance(50) ? [0] : []
      let citable = index.items.indices.filter { index.items[$0].node.position != nil }
      for _ in 0...random.below(3) {
        // Mostly of late, so that there are long lines and a few old forks.
        let back = random.chance(80) ? min(6, citable.count) : citable.count
        cited.insert(citable[citable.count - 1 - random.below(back)])
      }
      if random.chance(80), let last = citable.last(where: { index.items[$0].node.key == key }) {
        cited.insert(last)
      }
      try index.append(key, citing: cited.sorted())
    }
  }

  /// States that have most of their entries in common.
  mutating func states() -> [StateMap] {
    var common: StateMap = [:]
    var places: [StateTuple: [EventID]] = [:]
    for item in index.items { places[item.node.key, default: []].append(item.id) }
    for (key, ids) in places.sorted(by: { $0.value[0] < $1.value[0] }) where random.chance(80) {
      common[key] = random.pick(ids)
    }
    return (0..<2 + random.below(3)).map { _ in
      var state = common
      for key in Self.keys where random.chance(25) {
        state[key] = random.chance(20) ? nil : places[key].map { random.pick($0) }
      }
      return state
    }
  }
}
