/// How far into each chain something leads: all of a chain up to there is in the auth chain.
struct ChainReach: Equatable {
  private var ends: [Int64: Int64] = [:]

  init() {}

  var chains: some Collection<Int64> { ends.keys }

  /// The last sequence number that is reached; 0 when none is.
  func end(of chain: Int64) -> Int64 {
    ends[chain] ?? 0
  }

  /// Whether this is new.
  @discardableResult
  mutating func include(_ position: ChainPosition) -> Bool {
    guard position.sequence > end(of: position.chain) else { return false }
    ends[position.chain] = position.sequence
    return true
  }

  mutating func formUnion(_ other: ChainReach) {
    ends.merge(other.ends) { max($0, $1) }
  }

  /// All of it, as ranges.
  var ranges: [ChainRange] {
    ends.map { ChainRange(chain: $0.key, first: 1, last: $0.value) }
  }
}

/// The part of a room's index that was loaded: links from chains to others.
struct ChainLinks {
  private struct Link {
    let sequence: Int64
    let target: ChainPosition
  }

  /// By chain, in the order of their sequence numbers.
  private var links: [Int64: [Link]] = [:]
  private var loaded = ChainReach()

  init() {}

  /// - Parameter ranges: of which all links are found now.
  mutating func add(_ found: [ChainLink], completing ranges: [ChainRange] = []) {
    for link in found {
      links[link.source.chain, default: []].append(
        Link(sequence: link.source.sequence, target: link.target))
    }
    for chain in Set(found.lazy.map(\.source.chain)) {
      links[chain]?.sort { $0.sequence < $1.sequence }
    }
    for range in ranges {
      loaded.include(ChainPosition(chain: range.chain, sequence: range.last))
    }
  }

  /// The parts of what is reached whose links may be missing.
  func unloaded(of reach: ChainReach) -> [ChainRange] {
    reach.chains.compactMap { chain in
      let (end, known) = (reach.end(of: chain), loaded.end(of: chain))
      return end > known ? ChainRange(chain: chain, first: known + 1, last: end) : nil
    }.sorted { $0.chain < $1.chain }
  }

  /// Adds to `reach` all that these places and the links from them lead to.
  func spread(_ positions: some Sequence<ChainPosition>, into reach: inout ChainReach) {
    var stack: [ChainRange] = []
    func include(_ position: ChainPosition, _ reach: inout ChainReach) {
      let before = reach.end(of: position.chain)
      guard reach.include(position) else { return }
      stack.append(
        ChainRange(chain: position.chain, first: before + 1, last: position.sequence))
    }
    for position in positions { include(position, &reach) }
    while let range = stack.popLast() {
      for link in links(in: range) { include(link.target, &reach) }
    }
  }

  /// For each chain the first place from which some of `ends` is reached, an end itself being
  /// reached from its own place.
  func firstPlaces(leadingTo ends: some Sequence<ChainPosition>) -> [Int64: Int64] {
    var incoming: [Int64: [(sequence: Int64, source: ChainPosition)]] = [:]
    for (chain, links) in links {
      for link in links {
        incoming[link.target.chain, default: []].append(
          (link.target.sequence, ChainPosition(chain: chain, sequence: link.sequence)))
      }
    }
    for chain in incoming.keys { incoming[chain]?.sort { $0.sequence < $1.sequence } }
    var first: [Int64: Int64] = [:]
    var stack = Array(ends)
    while let place = stack.popLast() {
      let before = first[place.chain] ?? .max
      guard place.sequence < before else { continue }
      first[place.chain] = place.sequence
      guard let all = incoming[place.chain] else { continue }
      let start = all.firstPlace { $0.sequence >= place.sequence }
      let end = all.firstPlace { $0.sequence >= before }
      stack += all[start..<end].lazy.map(\.source)
    }
    return first
  }

  private func links(in range: ChainRange) -> ArraySlice<Link> {
    guard let all = links[range.chain] else { return [] }
    let start = all.firstPlace { $0.sequence >= range.first }
    let end = all.firstPlace { $0.sequence > range.last }
    return all[start..<end]
  }
}

/// A citation between chains.
struct ChainLink: Hashable, Sendable {
  let source: ChainPosition
  let target: ChainPosition
}

extension Array {
  /// The first index whose element is so, in an array where all after it are so as well.
  fileprivate func firstPlace(where isSo: (Element) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if isSo(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
