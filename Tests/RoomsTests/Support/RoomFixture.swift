import EventAuth
import MatrixCrypto
import MatrixIdentifiers
import MatrixJSON
import RoomEvents

@testable import Rooms

/// Rooms made by the machine alone, without a database.
struct RoomFixture {
  struct Failure: Error {
    let what: String
  }

  /// One of each kind, as far as rooms are concerned.
  static let versions: [RoomVersion] = [.v1, .v3, .v10, .v11, .v12]
  static let server = "a.example"
  static let alice = "@alice:a.example"
  static let bob = "@bob:a.example"

  let machine: RoomMachine
  let key: SigningKey
  let serverName: ServerName
  var head: RoomHead
  private var lastNumber: Int64 = 1

  init(version: RoomVersion = .v12, joinRule: String = "public") throws {
    key = try SigningKey(
      fileText: "ed25519 1 YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1")
    serverName = try present(ServerName(Self.server), "server name")
    machine = RoomMachine(serverName: serverName, signingKey: key)
    let create = try Self.createEvent(version, key, serverName)
    (head, _) = try machine.create(
      RoomCreation(version: version, createEvent: create.bytes), roomID: create.roomID, number: 1,
      salt: .random())
    _ = try apply([
      Self.state("m.room.member", Self.alice, ["membership": "join"], by: Self.alice),
      Self.state(
        "m.room.power_levels", "",
        version.rules.creatorsArePrivileged ? ["users": [:]] : ["users": [Self.alice: 100]],
        by: Self.alice),
      Self.state("m.room.join_rules", "", ["join_rule": .string(joinRule)], by: Self.alice),
    ])
  }

  static func createEvent(
    _ version: RoomVersion, _ key: SigningKey, _ server: ServerName
  ) throws -> Event {
    var content: JSON = ["room_version": .string(version.id)]
    if version.rules.creatorProperty == .content { content["creator"] = .string(alice) }
    return try EventTemplate(
      version: version,
      roomID: version.rules.roomIDIsCreateHash ? nil : RoomID("!room:a.example"),
      sender: try user(alice), type: "m.room.create", stateKey: "", content: content.bytes,
      prevEvents: [], authEvents: [], depth: 1, originServerTimestamp: 1000
    ).build(serverName: server, key: key)
  }

  static func user(_ text: String) throws -> UserID {
    try present(UserID(text), "user id")
  }

  static func state(
    _ type: String, _ key: String, _ content: JSON, by sender: String,
    from memberships: Set<String>? = nil
  ) throws -> EventIntent {
    EventIntent(
      type: type, stateKey: key, sender: try user(sender), content: content.bytes,
      requiredMemberships: memberships)
  }

  static func message(
    _ body: String, by sender: String, transaction: String? = nil
  ) throws -> EventIntent {
    let userID = try user(sender)
    return EventIntent(
      type: "m.room.message", sender: userID,
      content: JSON.object(["body": .string(body), "msgtype": "m.text"]).bytes,
      transaction: transaction.map {
        TransactionKey(
          userID: userID, deviceID: "D", transactionID: $0, endpoint: "m.room.message")
      })
  }

  mutating func apply(
    _ intents: [EventIntent], targets: [EventID: Event] = [:]
  ) throws -> [IntentOutcome] {
    let outcomes = try machine.apply(
      intents, to: &head, redactionTargets: targets,
      numbers: Array(lastNumber + 1...lastNumber + Int64(intents.count))[...], now: 2000)
    for case .write(let planned) in outcomes { lastNumber = planned.number }
    return outcomes
  }

  /// Applies one intent and returns the event it became.
  mutating func event(
    _ intent: EventIntent, targets: [EventID: Event] = [:]
  ) throws -> PlannedEvent {
    guard case .write(let planned)? = try apply([intent], targets: targets).first else {
      throw Failure(what: "no event was planned")
    }
    return planned
  }
}

/// The value, or an error that names what is missing.
func present<Value>(_ value: Value?, _ what: String) throws -> Value {
  guard let value else { throw RoomFixture.Failure(what: what) }
  return value
}
