import MatrixIdentifiers
import MatrixJSON
import RoomEvents

@testable import Rooms

/// Makes events of one room that are signed by nobody: for what comes after the checks of
/// signatures.
struct PDUMaker {
  struct Draft {
    var sender: String
    var type: String
    var stateKey: String?
    var content: JSON = [:]
    var previous: [EventID] = []
    var depth: Int64 = 1
    var timestamp: Int64 = 1000
    var redacts: EventID?
    /// In place of what the state has to offer.
    var cited: [EventID]?
  }

  let version: RoomVersion
  let creator: String
  private let create: String

  init(_ version: RoomVersion, creator: String, create: String = "create") {
    self.version = version
    self.creator = creator
    self.create = version.rules.eventIDs == .stated ? "$\(create):a" : "$\(create)"
  }

  var room: RoomID {
    get throws {
      try present(
        RoomID(version.rules.roomIDIsCreateHash ? "!" + create.dropFirst() : "!room:a"), "room")
    }
  }

  func createEvent() throws -> Event {
    var content: JSON = ["room_version": .string(version.id)]
    if version.rules.creatorProperty == .content { content["creator"] = .string(creator) }
    return try make(
      Draft(sender: creator, type: EventType.create, stateKey: "", content: content),
      id: create, state: { _ in nil })
  }

  func make(
    _ draft: Draft, named name: String, state: (StateTuple) -> EventID?
  ) throws -> Event {
    let id = version.rules.eventIDs == .stated ? "$\(name):a" : "$\(name)"
    return try make(draft, id: id, state: state)
  }

  private func make(
    _ draft: Draft, id: String, state: (StateTuple) -> EventID?
  ) throws -> Event {
    let probe = try event(draft, id: id, cited: [])
    return try event(
      draft, id: id, cited: draft.cited ?? probe.authEventKeys.compactMap { state($0) })
  }

  private func event(_ draft: Draft, id: String, cited: [EventID]) throws -> Event {
    var json: JSON = [
      "auth_events": references(cited), "prev_events": references(draft.previous),
      "content": draft.content, "depth": .integer(draft.depth), "hashes": ["sha256": "x"],
      "origin_server_ts": .integer(draft.timestamp), "sender": .string(draft.sender),
      "signatures": ["a": ["ed25519:1": "x"], "b": ["ed25519:1": "x"]],
      "type": .string(draft.type),
    ]
    if let redacts = draft.redacts {
      if version.rules.redactsProperty == .topLevel {
        json["redacts"] = .string(redacts.text)
      } else {
        json["content"] = ["redacts": .string(redacts.text)]
      }
    }
    if let stateKey = draft.stateKey { json["state_key"] = .string(stateKey) }
    if version.rules.eventIDs == .stated { json["event_id"] = .string(id) }
    if !version.rules.roomIDIsCreateHash || draft.type != EventType.create {
      json["room_id"] = .string(try room.text)
    }
    return try Event(
      bytes: json.bytes, version: version, eventID: try present(EventID(id), "event id"))
  }

  private func references(_ ids: [EventID]) -> JSON {
    .array(
      ids.map { id in
        version.rules.referencesCarryHashes
          ? [.string(id.text), ["sha256": "x"]] : .string(id.text)
      })
  }
}
