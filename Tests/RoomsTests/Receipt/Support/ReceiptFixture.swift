import EventAuth
import MatrixCrypto
import MatrixIdentifiers
import MatrixJSON
import RoomEvents

@testable import Rooms

/// A room on three servers with events that are really signed, and what a fourth one knows when it
/// receives another event of it.
struct ReceiptFixture {
  static let alice = "@alice:a.example"
  static let bob = "@bob:b.example"
  static let carol = "@carol:c.example"
  /// Milliseconds since 1970.
  static let now: Int64 = 1_700_000_000_000

  let version: RoomVersion
  let room: RoomID
  private(set) var state: [StateTuple: Event] = [:]
  /// Known events, by id.
  var cited: [EventID: CitedEvent] = [:]
  var keys = ServerKeys()
  /// In the order of their coming.
  private(set) var events: [Event] = []
  private var last: Event? { events.last }

  init(_ version: RoomVersion, joinRule: JSON = ["join_rule": "public"]) throws {
    self.version = version
    let hasNamedRoom = !version.rules.roomIDIsCreateHash
    var content: JSON = ["room_version": .string(version.id)]
    if version.rules.creatorProperty == .content { content["creator"] = .string(Self.alice) }
    let create = try EventTemplate(
      version: version, roomID: hasNamedRoom ? RoomID("!room:a.example") : nil,
      sender: try RoomFixture.user(Self.alice), type: EventType.create, stateKey: "",
      content: content.bytes, prevEvents: [], authEvents: [], depth: 1,
      originServerTimestamp: Self.now
    ).build(serverName: try Self.server("a.example"), key: try Self.key("a.example"))
    room = create.roomID
    for name in ["a.example", "b.example", "c.example"] {
      let key = try Self.key(name)
      keys.add(
        try present(VerifyKey(key.publicKey), "key"), server: try Self.server(name),
        id: key.keyID, validUntil: Self.now + 1_000_000)
    }
    add(create)
    try send(member(Self.alice, Self.alice, "join"))
    let users: JSON = version.rules.creatorsArePrivileged ? [:] : [Self.alice: 100]
    try send(draft(Self.alice, EventType.powerLevels, ["users": users]))
    try send(draft(Self.alice, EventType.joinRules, joinRule))
    try send(member(Self.bob, Self.bob, "join"))
  }

  // MARK: Servers

  static func server(_ name: String) throws -> ServerName {
    try present(ServerName(name), "server name")
  }

  static func key(_ server: String) throws -> SigningKey {
    let first = try present(server.utf8.first, "server name")
    return try SigningKey(seed: Array(repeating: first, count: SigningKey.seedBytes), version: "1")
  }

  // MARK: Events

  struct Draft {
    var sender: String
    var type: String
    var stateKey: String?
    var content: JSON
    /// In place of what the state has to offer.
    var cited: [EventID]?
    /// In place of the sender's.
    var signer: String?
    var previous: [EventID]?
    var timestamp = ReceiptFixture.now
  }

  func draft(_ sender: String, _ type: String, _ content: JSON, key: String? = "") -> Draft {
    Draft(sender: sender, type: type, stateKey: key, content: content)
  }

  func message(_ sender: String) -> Draft {
    draft(sender, EventType.message, ["body": "hello", "msgtype": "m.text"], key: nil)
  }

  func member(
    _ sender: String, _ target: String, _ membership: String, _ extra: [String: JSON] = [:]
  ) -> Draft {
    draft(
      sender, EventType.member,
      .object(["membership": .string(membership)].merging(extra) { $1 }), key: target)
  }

  func build(_ draft: Draft) throws -> Event {
    let sender = try RoomFixture.user(draft.sender)
    let content = try JSONDocument(draft.content.bytes).root
    let keys = authEventKeys(
      type: draft.type, stateKey: draft.stateKey, sender: sender, content: content,
      version: version)
    var template = EventTemplate(
      version: version, roomID: room, sender: sender, type: draft.type,
      stateKey: draft.stateKey, content: draft.content.bytes,
      prevEvents: try draft.previous ?? [present(last, "event").eventID],
      authEvents: draft.cited ?? keys.compactMap { state[$0]?.eventID },
      depth: 10, originServerTimestamp: draft.timestamp)
    for (id, known) in cited {
      template.referenceHashes[id] = EventHashes.referenceHash(of: known.event)
    }
    let signer = draft.signer ?? sender.serverName.text
    return try template.build(
      serverName: try Self.server(signer), key: try Self.key(signer))
  }

  private mutating func add(_ event: Event) {
    cited[event.eventID] = CitedEvent(event: event, isRejected: false)
    if let key = event.stateTuple { state[key] = event }
    events.append(event)
  }

  @discardableResult
  mutating func send(_ draft: Draft) throws -> Event {
    let event = try build(draft)
    add(event)
    return event
  }

  mutating func reject(_ id: EventID) {
    if let known = cited[id] { cited[id] = CitedEvent(event: known.event, isRejected: true) }
  }

  mutating func forget(_ id: EventID) {
    cited[id] = nil
  }

  /// The event's JSON after a change; hashes and signatures stay as they are.
  static func changed(_ event: Event, _ change: (inout JSON) -> Void) throws -> [UInt8] {
    var json = JSON(event.json)
    change(&json)
    return json.bytes
  }

  /// With the signature of one more server.
  static func signed(_ event: Event, by name: String) throws -> [UInt8] {
    let key = try key(name)
    let signature = UnpaddedBase64.encode(key.sign(EventHashes.signingBytes(of: event)))
    return try changed(event) { json in
      var signatures = json["signatures"] ?? [:]
      signatures[name] = [key.keyID: .string(signature)]
      json["signatures"] = signatures
    }
  }

  // MARK: Receipt

  /// - Parameters:
  ///   - before: the state before the event; the room's if nil.
  ///   - now: the current state; the room's if nil.
  func receive(
    _ bytes: [UInt8], _ kind: ReceiptKind = .live, before: [StateTuple: Event]? = nil,
    now: [StateTuple: Event]? = nil
  ) throws -> ReceiptVerdict {
    var machine = ReceiptMachine(bytes, in: room, version: version, kind: kind)
    for _ in 0..<10 {
      switch machine.need {
      case .keys: machine.give(keys)
      case .citedEvents(let ids):
        machine.give(citedEvents: cited.filter { ids.contains($0.key) })
      case .stateBefore(let places):
        machine.give(stateBefore: (before ?? state).filter { places.contains($0.key) })
      case .currentState(let places):
        machine.give(currentState: (now ?? state).filter { places.contains($0.key) })
      case .nothing(let verdict): return verdict
      }
    }
    throw RoomFixture.Failure(what: "the checks go on for ever")
  }
}
