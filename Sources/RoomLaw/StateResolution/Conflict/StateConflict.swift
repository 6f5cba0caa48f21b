package import MatrixIdentifiers
package import RoomEvents

/// The states of a room's forks, split into what they agree on and what they do not.
///
/// Holds one of the states as it is and the differences beside it, so that the work goes with the
/// differences and not with the room.
package struct StateConflict: Sendable {
  /// What the forks do not agree on: an entry for each fork, nil where it has no such state.
  package let conflicting: [StateTuple: [EventID?]]
  package let forkCount: Int
  /// What counts as agreed and may differ from `shared`.
  private let settled: StateMap
  private let shared: StateMap

  /// Compares whole states; their order does not matter.
  package init(_ states: [StateMap], algorithm: StateResolutionAlgorithm) {
    self.init(
      shared: states.first ?? [:], differing: Self.differences(states), forkCount: states.count,
      algorithm: algorithm)
  }

  /// For callers who know where the states can differ.
  ///
  /// - Parameters:
  ///   - shared: what all forks have, outside of the keys in `differing`. Of it a resolution looks
  ///     at the keys of the auth difference and at those by which the conflicting events are judged.
  ///   - differing: an entry for each fork, nil where it has no such state.
  package init(
    shared: StateMap, differing: [StateTuple: [EventID?]], forkCount: Int,
    algorithm: StateResolutionAlgorithm
  ) {
    var conflicting: [StateTuple: [EventID?]] = [:]
    var settled: StateMap = [:]
    for (key, entries) in differing {
      if let agreed = Self.agreed(entries, algorithm) {
        settled[key] = agreed
      } else {
        conflicting[key] = entries
      }
    }
    self.shared = shared
    self.forkCount = forkCount
    self.conflicting = conflicting
    self.settled = settled
  }

  /// spec: rooms/v2#definitions, unconflicted state map
  package func unconflicted(_ key: StateTuple) -> EventID? {
    if conflicting[key] != nil { return nil }
    return settled[key] ?? shared[key]
  }

  /// For each fork its events in the conflict.
  var eventsByFork: [[EventID]] {
    var forks = [[EventID]](repeating: [], count: forkCount)
    for entries in conflicting.values {
      for (fork, id) in entries.enumerated() {
        if let id { forks[fork].append(id) }
      }
    }
    return forks
  }

  /// spec: rooms/v2#definitions, conflicted state set
  package var events: Set<EventID> {
    Set(conflicting.values.lazy.flatMap { $0.lazy.compactMap { $0 } })
  }

  /// The unconflicted state with what a resolution found for the rest.
  package func merged(_ resolved: StateMap) -> StateMap {
    if conflicting.isEmpty, settled.isEmpty, resolved.isEmpty { return shared }
    var merged = shared
    for key in conflicting.keys { merged[key] = nil }
    merged.merge(settled) { $1 }
    merged.merge(resolved) { $1 }
    return merged
  }

  private static func agreed(
    _ entries: [EventID?], _ algorithm: StateResolutionAlgorithm
  ) -> EventID? {
    switch algorithm {
    // spec: rooms/v1#state-resolution: events conflict with others, not with their absence.
    case .v1:
      let present = entries.lazy.compactMap { $0 }
      guard let first = present.first else { return nil }
      return present.allSatisfy { $0 == first } ? first : nil
    case .v2, .v2Point1:
      guard let first = entries.first else { return nil }
      return entries.allSatisfy { $0 == first } ? first : nil
    }
  }

  private static func differences(_ states: [StateMap]) -> [StateTuple: [EventID?]] {
    guard let first = states.first else { return [:] }
    var keys: Set<StateTuple> = []
    for other in states.dropFirst() {
      var common = 0
      for (key, id) in first {
        guard let otherID = other[key] else {
          keys.insert(key)
          continue
        }
        common += 1
        if otherID != id { keys.insert(key) }
      }
      guard common < other.count else { continue }
      for key in other.keys where first[key] == nil { keys.insert(key) }
    }
    var differences: [StateTuple: [EventID?]] = [:]
    for key in keys { differences[key] = states.map { $0[key] } }
    return differences
  }
}
