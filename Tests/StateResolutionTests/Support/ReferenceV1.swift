import EventAuth
import MatrixCrypto
import MatrixIdentifiers
import RoomEvents
import StateResolution

/// Room version 1's resolution word for word, without any care for speed.
///
/// spec: rooms/v1#state-resolution
struct ReferenceV1 {
  let events: [EventID: Event]

  func resolve(_ states: [StateMap]) -> StateMap {
    var r: StateMap = [:]
    var conflicts: [StateTuple: Set<EventID>] = [:]
    for key in Set(states.flatMap(\.keys)) {
      let ids = Set(states.compactMap { $0[key] })
      if ids.count == 1 { r[key] = ids.first } else { conflicts[key] = ids }
    }
    let authTypes = ["m.room.power_levels", "m.room.join_rules", "m.room.member"]
    for type in authTypes {
      // Every key by itself, or the outcome would hang on the order of the keys.
      let before = r
      for (key, ids) in conflicts where key.type == type {
        r[key] = chooseInTurn(sorted(ids), before, key)
      }
    }
    let before = r
    for (key, ids) in conflicts where !authTypes.contains(key.type) {
      let list = sorted(ids)
      r[key] = list.reversed().first { isAllowed($0, before) } ?? list.first
    }
    return r
  }

  private func chooseInTurn(
    _ list: [EventID], _ r: StateMap, _ key: StateTuple
  ) -> EventID? {
    var r = r
    r[key] = list.first
    for id in list.dropFirst() {
      guard isAllowed(id, r) else { break }
      r[key] = id
    }
    return r[key]
  }

  /// By ascending depth, then by descending SHA-1.
  private func sorted(_ ids: Set<EventID>) -> [EventID] {
    ids.map { (depth: events[$0]?.depth ?? 0, sha1: hex(SHA1.hash(Array($0.text.utf8))), id: $0) }
      .sorted { ($0.depth, $1.sha1) < ($1.depth, $0.sha1) }
      .map(\.id)
  }

  private func hex(_ bytes: [UInt8]) -> String {
    Hex.encode(bytes)
  }

  private func isAllowed(_ id: EventID, _ r: StateMap) -> Bool {
    guard let event = events[id] else { return false }
    return (try? authorise(event, state: LookedUpState(ids: r, events: events))) != nil
  }
}
