import MatrixIdentifiers
import MatrixJSON
import Rooms

@testable import Sync

/// An answer to /sync as a client reads it.
struct Answer {
  struct Room {
    let json: JSONView

    var state: [JSONView] { json["state"]?["events"].map { Array($0.elements) } ?? [] }
    var stateAfter: [JSONView] {
      json["state_after"]?["events"].map { Array($0.elements) } ?? []
    }
    var timeline: [JSONView] { json["timeline"]?["events"].map { Array($0.elements) } ?? [] }
    var isLimited: Bool { json["timeline"]?["limited"]?.bool ?? false }
    var previousBatch: String? { json["timeline"]?["prev_batch"]?.string }
    var stripped: [JSONView] {
      (json["invite_state"] ?? json["knock_state"])?["events"].map { Array($0.elements) } ?? []
    }
    var bodies: [String] { timeline.compactMap { $0["content"]?["body"]?.string } }

    /// The state event of a place, told as state.
    func told(_ type: String, _ key: String = "") -> JSONView? {
      state.last { $0["type"]?.string == type && $0["state_key"]?.string == key }
    }

    /// The users whose member events are told as state.
    var toldMembers: Set<String> {
      Set(
        state.filter { $0["type"]?.string == "m.room.member" }
          .compactMap { $0["state_key"]?.string })
    }
  }

  let json: JSONView
  let next: SyncToken

  init(_ bytes: [UInt8]) throws {
    // Strict, so that a repeated key is a failure.
    json = try JSONDocument(bytes, limits: .strict).root
    next = try present(json["next_batch"]?.string.flatMap { SyncToken($0) }, "next_batch")
  }

  func rooms(_ section: String) -> [String: Room] {
    let members = json["rooms"]?[section].map { Array($0.members) } ?? []
    return Dictionary(uniqueKeysWithValues: members.map { ($0.key, Room(json: $0.value)) })
  }

  func joined(_ room: RoomID) -> Room? { rooms("join")[room.text] }
  func invited(_ room: RoomID) -> Room? { rooms("invite")[room.text] }
  func knocked(_ room: RoomID) -> Room? { rooms("knock")[room.text] }
  func left(_ room: RoomID) -> Room? { rooms("leave")[room.text] }

  /// Tells of no room.
  var isEmpty: Bool { json["rooms"] == nil }
}

extension JSONLimits {
  fileprivate static let strict = JSONLimits(
    maximumBytes: 50 << 20, maximumDepth: 100, rejectsRepeatedKeys: true)
}

extension JSONView {
  var eventID: String { self["event_id"]?.string ?? "" }

  var place: Place? {
    guard let type = self["type"]?.string, let key = self["state_key"]?.string else { return nil }
    return Place(type, key)
  }
}

extension SyncFilter {
  init(_ text: String) throws {
    self = try SyncFilter(JSONDocument(Array(text.utf8)).root)
  }

  init(limit: Int = 10, lazy: Bool = false, left: Bool = false) throws {
    let json: JSON = [
      "room": [
        "include_leave": .bool(left), "timeline": ["limit": .integer(Int64(limit))],
        "state": ["lazy_load_members": .bool(lazy)],
      ]
    ]
    self = try SyncFilter(JSONDocument(json.bytes).root)
  }
}

extension Worker {
  /// One /sync; by default one that does not wait.
  func sync(
    _ user: String, since: SyncToken? = nil, timeout: Duration = .zero, fullState: Bool = false,
    filter: SyncFilter = SyncFilter(), device: String? = nil,
    state form: SyncRequest.StateForm = .beforeTimeline
  ) async throws -> Answer {
    var request = SyncRequest(
      userID: try present(UserID(user), "user id"), deviceID: device, since: since,
      timeout: timeout, fullState: fullState, filter: filter)
    request.stateForm = form
    return try Answer(try await engine.sync(request))
  }
}
