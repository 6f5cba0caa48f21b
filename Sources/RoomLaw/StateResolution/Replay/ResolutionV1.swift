import EventAuth
import MatrixCrypto
import MatrixIdentifiers
import RoomEvents

/// The resolution of room version 1, which is known to bring back old state.
///
/// spec: rooms/v1#state-resolution
struct ResolutionV1 {
  private struct Contender {
    let event: Event
    let digest: [UInt8]

    /// By ascending depth, then by descending SHA-1 of the id.
    static func precedes(_ left: Contender, _ right: Contender) -> Bool {
      if left.event.depth != right.event.depth { return left.event.depth < right.event.depth }
      return right.digest.lexicographicallyPrecedes(left.digest)
    }
  }

  /// R in the specification: what is resolved so far.
  private struct Resolved: AuthState {
    var events: [StateTuple: Event] = [:]
    let base: BaseState

    func event(_ key: StateTuple) -> Event? {
      events[key] ?? base.event(key)
    }
  }

  /// Types whose conflicts are resolved before others are judged by them, in this order.
  private static let passes = [EventType.powerLevels, EventType.joinRules, EventType.member]

  private var contenders: [StateTuple: [Contender]] = [:]
  private var resolved: Resolved

  init(_ conflict: StateConflict, events: ResolutionEvents) throws(ResolutionError) {
    resolved = Resolved(base: .unconflicted(conflict, events))
    var missing: Set<EventID> = []
    var count = 0
    for (key, entries) in conflict.conflicting {
      let ids = Set(entries.lazy.compactMap { $0 })
      count += ids.count
      contenders[key] = ids.compactMap { id in
        events.event(id, missing: &missing).map {
          Contender(event: $0, digest: SHA1.hash(Array(id.text.utf8)))
        }
      }.sorted(by: Contender.precedes)
    }
    try ResolutionLimit.fullConflictedSet.check(count)
    resolved.base.require(
      for: contenders.values.lazy.joined().map(\.event), missing: &missing)
    try missing.throwIfAny()
  }

  /// The events of the keys in conflict.
  mutating func run() -> StateMap {
    for type in Self.passes {
      resolve({ $0.type == type }, by: Self.longestAllowed)
    }
    resolve({ !Self.passes.contains($0.type) }, by: Self.deepestAllowed)
    return resolved.events.mapValues(\.eventID)
  }

  /// Keys of one pass are judged by what the passes before it gave, and not by each other, so that
  /// their order does not matter.
  private mutating func resolve(
    _ isInPass: (StateTuple) -> Bool, by choice: ([Contender], Resolved) -> Event?
  ) {
    let before = resolved
    for (key, contenders) in contenders where isInPass(key) {
      resolved.events[key] = choice(contenders, before)
    }
  }

  /// The last of the events that, from the first on, each allow the next.
  private static func longestAllowed(
    _ contenders: [Contender], _ before: Resolved
  ) -> Event? {
    var state = before
    var last = contenders.first?.event
    for next in contenders.dropFirst() {
      if let last, let key = last.stateTuple { state.events[key] = last }
      guard isAllowed(next.event, state) else { break }
      last = next.event
    }
    return last
  }

  /// The specification does not say what becomes of a key none of whose events is allowed. The
  /// first one stays, as with the servers that such rooms come from.
  private static func deepestAllowed(
    _ contenders: [Contender], _ before: Resolved
  ) -> Event? {
    let allowed = contenders.last { isAllowed($0.event, before) }
    return (allowed ?? contenders.first)?.event
  }

  private static func isAllowed(_ event: Event, _ state: Resolved) -> Bool {
    (try? authorise(event, state: state)) != nil
  }
}
