import MatrixIdentifiers
import RoomEvents
import StateResolution
import Testing

@testable import Rooms

struct ChainIndexTests {
  @Test(arguments: 0..<40)
  func chainsAndLinksLeadWhereTheGraphDoes(_ seed: Int) throws {
    let index = try RandomIndex(seed: seed, count: 60).index
    var links = ChainLinks()
    for item in index.items {
      guard let source = item.node.position else { continue }
      links.add(index.entry(item).links.map { ChainLink(source: source, target: $0) })
    }
    for (place, item) in index.items.enumerated() {
      var reach = ChainReach()
      links.spread(index.entry(item).cited, into: &reach)
      #expect(
        index.ids(reach.ranges) == Set(index.ancestors(of: place).map { index.items[$0].id }),
        "seed \(seed), event \(place)")
    }
  }

  @Test(arguments: 0..<40)
  func chainsHaveOneKeyAndNoGaps(_ seed: Int) throws {
    let index = try RandomIndex(seed: seed, count: 60).index
    for item in index.items {
      guard let position = item.node.position else { continue }
      #expect(index.item(at: position)?.id == item.id)
      guard position.sequence > 1 else {
        #expect(position.chain == item.node.number)
        continue
      }
      let before = try present(
        index.item(
          at: ChainPosition(chain: position.chain, sequence: position.sequence - 1)),
        "predecessor")
      #expect(before.node.key == item.node.key)
      #expect(item.cited.map { index.items[$0].id }.contains(before.id))
    }
  }

  @Test func whatNobodyMayCiteHasNoPlaceInAChain() throws {
    var index = MemoryIndex()
    try index.append(.create, citing: [])
    try index.append(.powerLevels, citing: [0])
    try index.append(StateTuple(EventType.topic), citing: [0, 1])
    #expect(index.items[2].node.position == nil)
    // That it leads to the create event shows in the power levels.
    #expect(index.items[2].node.links == [index.items[1].node.number])
  }

  @Test func aForkOfAChainBeginsANewOne() throws {
    var index = MemoryIndex()
    try index.append(.create, citing: [])
    try index.append(.powerLevels, citing: [0])
    try index.append(.powerLevels, citing: [0, 1])
    try index.append(.powerLevels, citing: [0, 1])
    let nodes = index.items.map(\.node)
    #expect(nodes[2].position == ChainPosition(chain: nodes[1].number, sequence: 2))
    #expect(nodes[2].links.isEmpty)
    #expect(nodes[3].position == ChainPosition(chain: nodes[3].number, sequence: 1))
    #expect(nodes[3].links == [nodes[1].number])
  }

  /// Numbers go up and down from zero; a position is stored in one number.
  @Test(arguments: [1, -1, 1 << 40, -(1 << 40)] as [Int64])
  func positionsAreStoredInTheOrderOfTheirChain(_ chain: Int64) throws {
    var last: Int64?
    for sequence in [1, 2, 3, ChainPosition.longest - 1, ChainPosition.longest] {
      let position = ChainPosition(chain: chain, sequence: sequence)
      #expect(ChainPosition(raw: position.raw) == position)
      if let last { #expect(last < position.raw) }
      last = position.raw
    }
    let next = ChainPosition(chain: chain + 1, sequence: 1)
    #expect(try present(last, "position") < next.raw)
  }

  @Test func aChainEndsWhereItCannotBeLonger() throws {
    let key = StateTuple.powerLevels
    let end = ChainNode(
      number: 70_000, key: key,
      position: ChainPosition(chain: 3, sequence: ChainPosition.longest - 1), isEnd: true,
      links: [])
    let last = ChainNode(number: 70_001, key: key, citing: [end])
    #expect(last.position == ChainPosition(chain: 3, sequence: ChainPosition.longest))
    #expect(last.links.isEmpty)
    let next = ChainNode(number: 70_002, key: key, citing: [last])
    #expect(next.position == ChainPosition(chain: 70_002, sequence: 1))
    #expect(next.links == [70_001])
  }

  // MARK: Conflicts

  /// With samples of all sizes, and with so little patience that the whole state has to be looked
  /// at where a search from below comes to nothing soon.
  @Test(arguments: 0..<400)
  func conflictsAreAsInThePlainGraph(_ seed: Int) throws {
    var room = try RandomIndex(seed: seed, count: 20 + seed % 60)
    let states = room.states()
    let conflict = StateConflict(states, algorithm: .v2)
    var machine = ChainConflictMachine(
      room.index.numbers(conflict), sampleSize: 1 + seed % 3,
      upwardLimit: [1, 3, 1000][seed / 3 % 3])
    var questions = 0
    while machine.need != .nothing {
      try room.index.answer(&machine)
      questions += 1
      try #require(questions < 100, "seed \(seed) goes on for ever")
    }
    #expect(room.index.ids(machine.difference) == room.index.difference(states), "seed \(seed)")
    let conflicting = Set(conflict.conflicting.values.flatMap { $0.compactMap { $0 } })
    #expect(
      room.index.ids(machine.subgraph).subtracting(conflicting)
        == room.index.between(conflicting).subtracting(conflicting), "seed \(seed)")
  }

  /// Two forks of a room of many members that set its name apart from each other.
  @Test func aSmallConflictInALargeRoomTakesFewQuestions() throws {
    var index = MemoryIndex()
    try index.append(.create, citing: [])
    try index.append(StateTuple(EventType.member, "@creator:a"), citing: [0])
    try index.append(.powerLevels, citing: [0, 1])
    try index.append(.joinRules, citing: [0, 1, 2])
    var state: StateMap = [:]
    for user in 0..<2000 {
      try index.append(StateTuple(EventType.member, "@u\(user):a"), citing: [0, 2, 3])
    }
    for item in index.items { state[item.node.key] = item.id }
    var states = [state, state]
    for fork in states.indices {
      try index.append(StateTuple(EventType.name), citing: [0, 1, 2])
      states[fork][StateTuple(EventType.name)] = index.items.last?.id
    }
    var machine = ChainConflictMachine(
      index.numbers(StateConflict(states, algorithm: .v2)))
    var questions = 0
    while machine.need != .nothing {
      try index.answer(&machine)
      questions += 1
    }
    #expect(machine.difference.isEmpty)
    #expect(questions <= 6)
  }
}
