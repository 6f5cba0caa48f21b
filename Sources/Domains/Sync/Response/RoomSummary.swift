import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import Rooms

/// A joined room's part of an answer.
struct JoinedRoom {
  let slice: RoomSlice
  let summary: RoomSummary?

  init(_ slice: RoomSlice, _ view: RoomView, request: SliceRequest, reader: UserID) {
    self.slice = slice
    let membersChanged =
      request.since == nil || request.wantsFullState
      || slice.events.contains { $0.event.type == "m.room.member" }
      || slice.state.contains { $0.event.type == "m.room.member" }
    summary = membersChanged ? RoomSummary(view, reader: reader) : nil
  }
}

/// What a client needs to name a room without knowing all its members.
/// spec: client-server-api#get_matrixclientv3sync (`RoomSummary`)
struct RoomSummary {
  private static let heroLimit = 5

  let heroes: [String]?
  let joinedCount: Int
  let invitedCount: Int

  init(_ view: RoomView, reader: UserID) {
    joinedCount = view.joinedCount
    invitedCount = view.invitedCount
    let isNamed =
      view.hasContent("m.room.name", "name")
      || view.hasContent("m.room.canonical_alias", "alias")
    heroes = isNamed ? nil : Self.heroes(view, reader: reader)
  }

  private static func heroes(_ view: RoomView, reader: UserID) -> [String] {
    var present: [StoredEvent] = []
    var gone: [StoredEvent] = []
    for (key, stored) in view.state
    where key.type == "m.room.member" && key.stateKey != reader.text {
      switch stored.event.membership {
      case "join", "invite": present.append(stored)
      case "leave", "ban": gone.append(stored)
      default: break
      }
    }
    let candidates = present.isEmpty ? gone : present
    return candidates.sorted { $0.streamOrdering < $1.streamOrdering }.prefix(heroLimit)
      .compactMap(\.event.stateKey)
  }
}

/// An invitation's part of an answer: what the invited user may know of the room.
struct InvitedRoom {
  /// spec: client-server-api#stripped-state
  private static let strippedTypes = [
    "m.room.create", "m.room.join_rules", "m.room.name", "m.room.canonical_alias",
    "m.room.avatar", "m.room.topic", "m.room.encryption",
  ]

  let state: [StoredEvent]

  init(_ view: RoomView, reader: UserID) {
    var told = Self.strippedTypes.compactMap { view.state[StateTuple($0, "")] }
    let invitation = view.state[StateTuple("m.room.member", reader.text)]
    if let invitation {
      let inviter = StateTuple("m.room.member", invitation.event.sender.text)
      told += [view.state[inviter], invitation].compactMap { $0 }
    }
    state = told
  }
}

extension RoomView {
  fileprivate func hasContent(_ type: String, _ key: String) -> Bool {
    let stored = state[StateTuple(type, "")]
    return stored?.event.content[key]?.string?.isEmpty == false
  }
}
