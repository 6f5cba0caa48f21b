import RoomEvents
import StateResolution

/// States of a room that do not agree, by the numbers of their events.
struct ConflictingStates: Sendable {
  /// What each state has in the places about which they do not all agree.
  let forks: [[StateTuple: Int64]]
  /// What they agree on.
  let unconflicted: @Sendable (StateTuple) -> Int64?
  /// All of that.
  let allUnconflicted: @Sendable () -> [Int64]

  var numbers: Set<Int64> {
    Set(forks.lazy.flatMap(\.values))
  }
}

/// Finds out from the index of auth chains what they add to a conflict between states: a sequence
/// of questions to the database, of which there are few however large the room.
///
/// Two facts keep the work with the conflict and not with the room. What the conflicting events
/// lead to is mostly the line of the room's power levels and who made them. And whether something
/// is in every chain because an unconflicted event leads to it is asked from below: whatever leads
/// to an event of the difference is mostly in the difference as well. Where that leads too far, what
/// the whole state leads to is looked at after all, once.
///
/// spec: rooms/v2#definitions, auth difference; rooms/v12#definitions, conflicted state subgraph
struct ChainConflictMachine {
  enum Need: Equatable {
    case entries([Int64])
    /// All links of the events in these ranges.
    case links([ChainRange])
    /// The events in these ranges and those that cite them.
    /// - Parameters:
    ///   - limit: of the citers of each event; nil for all.
    ///   - total: of all citers together.
    case citers([ChainRange], limit: Int?, total: Int)
    case nothing
  }

  private enum Stage {
    case conflict
    case down
    case witnesses
    case sample
    case up
    case whole
    case done
  }

  /// How many of those who cite an event are looked at before all are.
  static let sampleSize = 64
  /// How many of those who cite an event are looked at from below, and of all together.
  static let upwardLimit = 50_000
  /// Bound on the entries and links that one conflict may take.
  static let loadLimit = 2_000_000

  private let states: ConflictingStates
  private let sampleSize: Int
  private let upwardLimit: Int
  private var stage = Stage.conflict
  private var hasWitnesses = false
  private var hasSample = false
  private var hasWhole = false
  private var loadCount = 0
  private var upwardCount = 0

  private var links = ChainLinks()
  private var keys: [Int64: StateTuple] = [:]
  private var conflicting: [Int64: ChainEntry] = [:]
  private var forks: [ChainReach] = []
  /// Cited by unconflicted events that were looked at for their own sake.
  private var witnessed: [ChainPosition] = []
  /// Cited by unconflicted events that the upward search came upon.
  private var found: [ChainPosition] = []
  private var shared = ChainReach()
  private var search = UpwardSearch()

  init(
    _ states: ConflictingStates, sampleSize: Int = Self.sampleSize,
    upwardLimit: Int = Self.upwardLimit
  ) {
    self.states = states
    self.sampleSize = sampleSize
    self.upwardLimit = upwardLimit
  }

  /// What has to be given before the result can be read.
  var need: Need {
    switch stage {
    case .conflict: .entries(states.numbers.sorted())
    case .down: .links(unloaded)
    case .witnesses: .entries(witnesses)
    case .sample: .citers(undecided.map(\.end), limit: sampleSize, total: Self.loadLimit)
    case .up: .citers(search.unexplored, limit: nil, total: upwardLimit)
    case .whole: .entries(states.allUnconflicted().sorted())
    case .done: .nothing
    }
  }

  // MARK: Answers

  mutating func give(_ entries: [ChainEntry]) throws(ResolutionError) {
    try count(entries.reduce(entries.count) { $0 + $1.links.count })
    if stage == .conflict {
      for entry in entries { conflicting[entry.number] = entry }
    } else {
      hasWhole = stage == .whole
      witnessed = entries.flatMap(\.cited)
      hasWitnesses = true
    }
    advance()
  }

  /// - Parameter keys: of the chains that are linked to.
  mutating func give(
    _ found: [ChainLink], keys: [Int64: StateTuple]
  ) throws(ResolutionError) {
    try count(found.count)
    self.keys.merge(keys) { $1 }
    links.add(found, completing: unloaded)
    advance()
  }

  mutating func give(_ citers: ChainCiters) throws(ResolutionError) {
    try count(citers.members.count + citers.citers.count)
    links.add(
      citers.citers.compactMap { citer in
        citer.entry.position.map { ChainLink(source: $0, target: citer.cited) }
      })
    found += citers.citers.filter { isUnconflicted($0.entry) }.map(\.cited)
    found += citers.members.filter { isUnconflicted($0) }.flatMap(\.cited)
    if stage == .sample {
      hasSample = true
    } else {
      search.explored(citers)
      upwardCount += citers.citers.count
    }
    advance()
  }

  private mutating func count(_ items: Int) throws(ResolutionError) {
    loadCount += items
    guard loadCount <= Self.loadLimit else { throw .tooLarge(.authGraph) }
  }

  private func isUnconflicted(_ entry: ChainEntry) -> Bool {
    states.unconflicted(entry.key) == entry.number
  }

  // MARK: What is known

  private mutating func advance() {
    let (conflicting, links) = (conflicting, links)
    forks = states.forks.map { fork in
      var reach = ChainReach()
      let entries = fork.values.lazy.compactMap { conflicting[$0] }
      links.spread(entries.flatMap(\.cited), into: &reach)
      return reach
    }
    shared = ChainReach()
    links.spread(witnessed, into: &shared)
    stage = nextStage()
  }

  private mutating func nextStage() -> Stage {
    if !unloaded.isEmpty { return .down }
    links.spread(found, into: &shared)
    if undecided.isEmpty { return .done }
    if !hasWitnesses {
      if !witnesses.isEmpty { return .witnesses }
      hasWitnesses = true
    }
    if !hasSample { return .sample }
    // Whatever is in all chains is known to be.
    if hasWhole { return .done }
    // As many answers as were asked for may not be all.
    if upwardCount >= upwardLimit { return .whole }
    if stage != .up { search.begin(undecided) }
    return search.unexplored.isEmpty ? .done : .up
  }

  /// Of all that conflicting events or witnesses lead to, what was not followed yet.
  private var unloaded: [ChainRange] {
    var reach = shared
    for fork in forks { reach.formUnion(fork) }
    return links.unloaded(of: reach)
  }

  /// The unconflicted events of the keys that the undecided chains have: who holds the latest
  /// place of such a chain leads to the others in it.
  private var witnesses: [Int64] {
    Set(undecided.compactMap { keys[$0.chain] }).compactMap { states.unconflicted($0) }.sorted()
  }

  /// What is in the auth chains of some forks and, as far as is known, not of all.
  private var undecided: [ChainRange] {
    var all = ChainReach()
    for fork in forks { all.formUnion(fork) }
    return all.chains.compactMap { chain in
      let common = max(forks.lazy.map { $0.end(of: chain) }.min() ?? 0, shared.end(of: chain))
      let last = all.end(of: chain)
      return common < last ? ChainRange(chain: chain, first: common + 1, last: last) : nil
    }.sorted { $0.chain < $1.chain }
  }

  // MARK: The result

  /// To be read when nothing is needed any more.
  var difference: [ChainRange] { undecided }

  /// To be read when nothing is needed any more.
  var subgraph: [ChainRange] {
    let ends = conflicting.values.compactMap(\.position)
    var reach = ChainReach()
    for fork in forks { reach.formUnion(fork) }
    for end in ends { reach.include(end) }
    let first = links.firstPlaces(leadingTo: ends)
    return reach.chains.compactMap { chain in
      guard let first = first[chain], first <= reach.end(of: chain) else { return nil }
      return ChainRange(chain: chain, first: first, last: reach.end(of: chain))
    }.sorted { $0.chain < $1.chain }
  }
}

extension ChainRange {
  fileprivate var end: ChainRange {
    ChainRange(chain: chain, first: last, last: last)
  }
}
