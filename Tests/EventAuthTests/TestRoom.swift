import EventAuth
import MatrixCrypto
import MatrixIdentifiers
import MatrixJSON
import RoomEvents

/// Users of the rooms under test, with what they are at first.
enum Person {
  static let creator = "@creator:a.example"
  /// Joined, level 100.
  static let admin = "@admin:a.example"
  /// Joined, level 50.
  static let moderator = "@moderator:a.example"
  /// Joined, level 0.
  static let member = "@member:a.example"
  static let other = "@other:a.example"
  /// Joined, level 0, on another server.
  static let remote = "@remote:b.example"
  static let invited = "@invited:a.example"
  static let left = "@left:a.example"
  static let knocking = "@knocking:a.example"
  static let banned = "@banned:a.example"
  /// Never in the room.
  static let outsider = "@outsider:a.example"
}

struct TestFailure: Error {
  let what: String
}

/// A room with a settled state that a test bends before it judges one event.
struct TestRoom {
  static let server = "a.example"
  static let seed = "YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1"

  let version: RoomVersion
  let key: SigningKey
  let create: Event
  var state: [StateTuple: Event] = [:]
  /// When set, the event is judged by its list of auth events and not by the state.
  var cited: [Event]?
  var rejected: Set<EventID> = []

  init(_ version: RoomVersion, create extra: [String: JSON] = [:]) throws {
    self.version = version
    key = try SigningKey(fileText: "ed25519 1 \(Self.seed)")
    var content: [String: JSON] = ["room_version": .string(version.id)]
    if version.rules.creatorProperty == .content { content["creator"] = .string(Person.creator) }
    content.merge(extra) { $1 }
    create = try Self.build(
      version, key, version.rules.roomIDIsCreateHash ? nil : "!room:a.example", Person.creator,
      EventType.create,
      "", .object(content), previous: [])
    state[.create] = create
    for person in [
      Person.creator, Person.admin, Person.moderator, Person.member, Person.other, Person.remote,
    ] {
      try setMembership(person, "join")
    }
    try setMembership(Person.invited, "invite")
    try setMembership(Person.left, "leave")
    try setMembership(Person.knocking, "knock")
    try setMembership(Person.banned, "ban")
    try setLevels([:])
    try setJoinRule("invite")
  }

  /// The levels of the usual users; other keys as given.
  static func levels(_ version: RoomVersion, _ changes: [String: JSON] = [:]) -> JSON {
    var users: [String: JSON] = [Person.admin: 100, Person.moderator: 50]
    if !version.rules.creatorsArePrivileged { users[Person.creator] = 100 }
    return .object(["users": .object(users)].merging(changes) { $1 })
  }

  mutating func setLevels(_ changes: [String: JSON]) throws {
    try set(EventType.powerLevels, "", Self.levels(version, changes))
  }

  mutating func setJoinRule(_ rule: String) throws {
    try set(EventType.joinRules, "", ["join_rule": .string(rule)])
  }

  mutating func setMembership(_ user: String, _ membership: String) throws {
    try set(EventType.member, user, ["membership": .string(membership)], by: user)
  }

  mutating func set(
    _ type: String, _ stateKey: String, _ content: JSON, by sender: String = Person.creator
  ) throws {
    state[StateTuple(type, stateKey)] = try event(sender, type, stateKey, content)
  }

  func member(
    _ sender: String, _ target: String, _ membership: JSON, _ extra: [String: JSON] = [:],
    previous: [EventID]? = nil
  ) throws -> Event {
    try event(
      sender, EventType.member, target,
      .object(["membership": membership].merging(extra) { $1 }), previous: previous)
  }

  func event(
    _ sender: String, _ type: String, _ stateKey: String? = nil, _ content: JSON = [:],
    previous: [EventID]? = nil, redacts: String? = nil
  ) throws -> Event {
    try Self.build(
      version, key, create.roomID.text, sender, type, stateKey, content,
      previous: previous ?? [create.eventID, try anyEventID()], redacts: redacts)
  }

  func anyEventID() throws -> EventID {
    guard let id = EventID("$earlier") else { throw TestFailure(what: "event id") }
    return id
  }

  static func build(
    _ version: RoomVersion, _ key: SigningKey, _ room: String?, _ sender: String,
    _ type: String, _ stateKey: String?, _ content: JSON, previous: [EventID],
    redacts: String? = nil
  ) throws -> Event {
    guard let user = UserID(sender), let server = ServerName(server) else {
      throw TestFailure(what: "identifiers")
    }
    var template = EventTemplate(
      version: version, roomID: room.flatMap { RoomID($0) }, sender: user, type: type,
      stateKey: stateKey, content: content.bytes, prevEvents: previous, authEvents: [], depth: 1,
      originServerTimestamp: 1_700_000_000_000, redacts: redacts.flatMap { EventID($0) })
    for id in previous { template.referenceHashes[id] = [] }
    return try template.build(serverName: server, key: key)
  }

  /// The state that the event should cite.
  func selection(for event: Event) -> [Event] {
    event.authEventKeys.compactMap { state[$0] }
  }

  /// The rule that refuses the event, if any.
  func refusal(of event: Event) -> String? {
    do {
      if let cited {
        try checkAuthEvents(of: event, cited, isRejected: rejected.contains)
      } else {
        try authorise(event, state: state)
      }
      return nil
    } catch {
      return error.rule
    }
  }

  /// The same event with top-level keys changed, signed by nobody anew.
  func changed(_ event: Event, _ change: (inout JSON) -> Void) throws -> Event {
    var json = JSON(event.json)
    change(&json)
    return try Event(bytes: json.bytes, version: event.version)
  }
}
