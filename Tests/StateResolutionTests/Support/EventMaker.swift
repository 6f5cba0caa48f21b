import EventAuth
import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import StateResolution

struct TestFailure: Error {
  let what: String
}

/// Makes events of one room with given ids and no more in them than what is judged here: signatures,
/// which are not real ones, only where some rule asks who signed.
struct EventMaker {
  let version: RoomVersion
  let room: String

  /// - Parameter create: the id of the room's create event, which names the room from v12 on.
  init(_ version: RoomVersion, create: String) {
    self.version = version
    room = version.rules.roomIDIsCreateHash ? "!" + create.dropFirst() : "!room:a"
  }

  init(_ version: RoomVersion, room: String) {
    self.version = version
    self.room = room
  }

  struct Draft {
    var id: String
    var sender: String
    var type: String
    var stateKey: String?
    var content: JSON = [:]
    var cited: [EventID] = []
    var previous: [EventID] = []
    var timestamp: Int64 = 0
    var depth: Int64 = 1
  }

  func make(_ draft: Draft) throws -> Event {
    guard let id = EventID(draft.id) else { throw TestFailure(what: "id \(draft.id)") }
    var json: JSON = [
      "auth_events": references(draft.cited), "prev_events": references(draft.previous),
      "content": draft.content, "depth": .integer(draft.depth),
      "origin_server_ts": .integer(draft.timestamp), "sender": .string(draft.sender),
      "type": .string(draft.type),
    ]
    if draft.content["join_authorised_via_users_server"] != nil {
      json["signatures"] = ["a": ["ed25519:1": "x"], "b": ["ed25519:1": "x"]]
    }
    if let stateKey = draft.stateKey { json["state_key"] = .string(stateKey) }
    if version.rules.eventIDs == .stated { json["event_id"] = .string(draft.id) }
    if !version.rules.roomIDIsCreateHash || draft.type != EventType.create {
      json["room_id"] = .string(room)
    }
    return try Event(bytes: json.bytes, version: version, eventID: id)
  }

  /// A draft's auth events as the specification selects them from a state.
  func cited(_ draft: Draft, from state: StateLookup) throws -> [EventID] {
    guard let sender = UserID(draft.sender) else { throw TestFailure(what: draft.sender) }
    return authEventKeys(
      type: draft.type, stateKey: draft.stateKey, sender: sender,
      content: try JSONDocument(draft.content.bytes).root, version: version
    ).compactMap(state)
  }

  typealias StateLookup = (StateTuple) -> EventID?

  private func references(_ ids: [EventID]) -> JSON {
    .array(
      ids.map { id in
        version.rules.referencesCarryHashes
          ? [.string(id.text), ["sha256": "x"]] : .string(id.text)
      })
  }
}

/// A state by its events' ids, looked up as it is asked for.
struct LookedUpState: AuthState {
  let ids: StateMap
  let events: [EventID: Event]

  func event(_ key: StateTuple) -> Event? {
    ids[key].flatMap { events[$0] }
  }
}

func createContent(_ version: RoomVersion, creator: String) -> JSON {
  var content: JSON = ["room_version": .string(version.id)]
  if version.rules.creatorProperty == .content { content["creator"] = .string(creator) }
  return content
}
