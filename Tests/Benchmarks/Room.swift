import EventAuth
import MatrixCrypto
import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import StateResolution

/// A public room with as many members as are wanted. Its events are made like those of a real one,
/// but for their signatures, which no benchmark of the room law checks.
struct Room {
  static let creator = "@creator:example.org"
  static let server = "example.org"

  let version: RoomVersion
  private(set) var events: [EventID: Event] = [:]
  private(set) var state: StateMap = [:]
  private var roomID: RoomID?
  private var last: EventID?
  private var clock: Int64 = 1_700_000_000_000

  init(_ version: RoomVersion, members: Int) throws {
    self.version = version
    roomID = version.rules.roomIDIsCreateHash ? nil : RoomID("!room:example.org")
    var create: JSON = ["room_version": .string(version.id)]
    if version.rules.creatorProperty == .content { create["creator"] = .string(Self.creator) }
    try send(EventType.create, "", create)
    try join(Self.creator)
    try send(EventType.powerLevels, "", levels([:]))
    try send(EventType.joinRules, "", ["join_rule": "public"])
    for number in 0..<members { try join(Self.member(number)) }
  }

  static func member(_ number: Int) -> String { "@member\(number):\(server)" }

  /// The events of the state, as the rules read them.
  var stateEvents: [StateTuple: Event] { state.compactMapValues { events[$0] } }

  func levels(_ users: [String: JSON]) -> JSON {
    var users = users
    if !version.rules.creatorsArePrivileged { users[Self.creator] = 100 }
    return ["users": .object(users), "state_default": 50, "events": ["m.room.name": 50]]
  }

  private mutating func join(_ user: String) throws {
    let content: JSON = ["membership": "join", "displayname": .string(user)]
    try send(EventType.member, user, content, by: user)
  }

  /// Sends a state event into the room itself.
  private mutating func send(
    _ type: String, _ stateKey: String, _ content: JSON, by sender: String = creator
  ) throws {
    // Taken out for as long as it changes, so that it is not copied.
    var state: StateMap = [:]
    swap(&state, &self.state)
    defer { swap(&state, &self.state) }
    try send(type, stateKey, content, by: sender, to: &state)
  }

  /// Sends a state event into a fork.
  mutating func send(
    _ type: String, _ stateKey: String, _ content: JSON, by sender: String = creator,
    to state: inout StateMap
  ) throws {
    let event = try make(type, stateKey, content, by: sender, state)
    if type == EventType.create { roomID = event.roomID }
    events[event.eventID] = event
    last = event.eventID
    state[StateTuple(type, stateKey)] = event.eventID
  }

  /// An event that cites what it should.
  mutating func make(
    _ type: String, _ stateKey: String?, _ content: JSON, by sender: String, _ state: StateMap
  ) throws -> Event {
    guard let user = UserID(sender) else { throw BenchmarkFailure(what: sender) }
    clock += 1
    let cited = authEventKeys(
      type: type, stateKey: stateKey, sender: user, content: try JSONDocument(content.bytes).root,
      version: version
    ).compactMap { state[$0] }
    var json: JSON = [
      "auth_events": .array(cited.map { .string($0.text) }),
      "prev_events": .array(last.map { [.string($0.text)] } ?? []), "content": content,
      "depth": .integer(clock - 1_700_000_000_000), "origin_server_ts": .integer(clock),
      "hashes": ["sha256": "5jM4wQpv6lnBo7CLIghJuHdW+s2CMBJPUOGOC89ncos"],
      "sender": .string(sender), "type": .string(type),
      "signatures": [
        "example.org": [
          "ed25519:1":
            "KxwGjPSDEtvnFgU00fwFz+l6d2pJM6XBIaMEn81SXPTRl16AqLAYqfIReFGZlHi5KLjAWbOoMszkwsQma+lYAg"
        ]
      ],
    ]
    if let stateKey { json["state_key"] = .string(stateKey) }
    if let roomID { json["room_id"] = .string(roomID.text) }
    return try Event(bytes: json.bytes, version: version)
  }
}
