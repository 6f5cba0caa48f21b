/// Goes from events to all that have them in their auth chains, chain by chain.
struct UpwardSearch {
  /// From where on a chain was looked at.
  private var done: [Int64: Int64] = [:]
  private var waiting: [Int64: Int64] = [:]

  init() {}

  mutating func begin(_ ranges: [ChainRange]) {
    for range in ranges { include(range.chain, from: range.first) }
  }

  /// What to look at next, each chain up to its end or to what was looked at before.
  var unexplored: [ChainRange] {
    waiting.map { chain, first in
      ChainRange(chain: chain, first: first, last: done[chain].map { $0 - 1 } ?? .max)
    }.sorted { $0.chain < $1.chain }
  }

  /// - Parameter citers: what was found for `unexplored`.
  mutating func explored(_ citers: ChainCiters) {
    done.merge(waiting) { min($0, $1) }
    waiting = [:]
    for citer in citers.citers {
      if let position = citer.entry.position {
        include(position.chain, from: position.sequence)
      }
    }
  }

  private mutating func include(_ chain: Int64, from first: Int64) {
    guard first < min(done[chain] ?? .max, waiting[chain] ?? .max) else { return }
    waiting[chain] = first
  }
}
