import DequeModule
import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import Rooms
import Streams

/// What a client needs to name a room without knowing all its members.
/// spec: client-server-api#get_matrixclientv3sync (`RoomSummary`)
struct RoomSummary {
  private static let heroLimit = 5

  /// Nil when the room has a name.
  let heroes: [String]?
  let joinedCount: Int
  let invitedCount: Int

  init(_ view: RoomView, reader: UserID) {
    joinedCount = view.members.joinedCount
    invitedCount = view.members.invitedCount
    let isNamed =
      view.hasContent("m.room.name", "name")
      || view.hasContent("m.room.canonical_alias", "alias")
    heroes = isNamed ? nil : Self.heroes(view, reader: reader)
  }

  private static func heroes(_ view: RoomView, reader: UserID) -> [String] {
    let present = view.members.first.lazy.map(\.user).filter { $0 != reader.text }
    if !present.isEmpty { return Array(present.prefix(heroLimit)) }
    // Nobody else is there: the few rooms that were left by all are looked through.
    let gone = view.state.filter { key, stored in
      key.type == EventType.member && key.stateKey != reader.text
        && [Membership.leave, Membership.ban].contains(stored.event.membership)
    }
    return gone.values.sorted { $0.streamOrdering < $1.streamOrdering }.prefix(heroLimit)
      .compactMap(\.event.stateKey)
  }

  /// Types of the events on which a summary depends.
  static let types: Set<String> = [EventType.member, "m.room.name", "m.room.canonical_alias"]
}

extension RoomView {
  /// Whether the summary that a client has from `since` may have changed.
  func mayHaveNewSummary(_ request: SliceRequest) -> Bool {
    guard !request.tellsWholeState else { return true }
    for entry in timeline.reversed() {
      if request.isKnown(entry.stored) { return false }
      if entry.stored.key != nil, RoomSummary.types.contains(entry.stored.event.type) {
        return true
      }
    }
    return hasEarlier
  }

  fileprivate func hasContent(_ type: String, _ key: String) -> Bool {
    let stored = state[StateTuple(type, "")]
    return stored?.event.content[key]?.string?.isEmpty == false
  }
}
