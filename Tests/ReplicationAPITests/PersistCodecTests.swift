import EventAuth
import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import Rooms
import Streams
import TestKit
import Testing

@testable import ReplicationAPI

/// What a room's writer is asked and answers comes through unchanged.
struct PersistCodecTests {
  private func requests() throws -> [PersistRequest] {
    let room = try #require(RoomID("!a/b:example.org"))
    let user = try #require(UserID("@ann:example.org"))
    let event = try #require(EventID("$event"))
    let plain = EventIntent(type: "m.room.message", sender: user, content: Array("{}".utf8))
    let full = EventIntent(
      type: "m.room.member", stateKey: "", sender: user,
      content: Array(#"{"a":"\u0001é","n":-9007199254740991}"#.utf8), redacts: event,
      timestamp: 1,
      transaction: TransactionKey(
        userID: user, deviceID: "D\"", transactionID: "t/1", endpoint: "m.room.member"),
      requiredMemberships: ["join", "none"])
    let create = Array(#"{"type":"m.room.create"}"#.utf8)
    return [
      PersistRequest(roomID: room, intents: []),
      PersistRequest(roomID: room, intents: [plain, full]),
      PersistRequest(
        roomID: room, creation: RoomCreation(version: .v12, createEvent: create), intents: [full]),
    ]
  }

  @Test func requestsComeThrough() throws {
    for request in try requests() {
      let bytes = PersistRequestCodec.encode(request)
      let decoded = try PersistRequestCodec.decode(try JSONDocument(bytes).root)
      #expect(PersistRequestCodec.encode(decoded) == bytes)
      #expect(decoded.roomID == request.roomID)
      #expect(decoded.creation?.version == request.creation?.version)
      #expect(decoded.creation?.createEvent == request.creation?.createEvent)
      #expect(decoded.intents.map(\.content) == request.intents.map(\.content))
      #expect(decoded.intents.map(\.transaction) == request.intents.map(\.transaction))
      #expect(
        decoded.intents.map(\.requiredMemberships) == request.intents.map(\.requiredMemberships))
      #expect(decoded.intents.map(\.redacts) == request.intents.map(\.redacts))
      #expect(decoded.intents.map(\.stateKey) == request.intents.map(\.stateKey))
    }
  }

  static let malformed: [(String, String)] = [
    ("{}", "room_id"), (#"{"room_id":"x","intents":[]}"#, "room_id"),
    (#"{"room_id":"!r:x"}"#, "intents"), (#"{"room_id":"!r:x","intents":{}}"#, "intents"),
    (#"{"room_id":"!r:x","intents":[{}]}"#, "type"),
    (#"{"room_id":"!r:x","intents":[{"type":"t"}]}"#, "sender"),
    (#"{"room_id":"!r:x","intents":[{"type":"t","sender":"@a:x"}]}"#, "content"),
    (
      #"{"room_id":"!r:x","intents":[{"type":"t","sender":"@a:x","content":{},"transaction":[]}]}"#,
      "transaction"
    ),
    (#"{"room_id":"!r:x","intents":[],"create_event":{}}"#, "room_version"),
  ]

  @Test(arguments: malformed)
  func aMalformedRequestIsNamed(_ text: String, _ field: String) throws {
    let root = try JSONDocument(Array(text.utf8)).root
    let failure = #expect(throws: PersistRequestCodec.Malformed.self) {
      try PersistRequestCodec.decode(root)
    }
    #expect(failure?.field == field)
  }

  @Test func answersComeThrough() throws {
    let event = PersistedEvent(
      eventID: try #require(EventID("$a")), streamOrdering: 1 << 40, writer: WriterID(raw: 3),
      isDuplicate: true)
    #expect(try PersistAnswerCodec.decode(PersistAnswerCodec.encode([event])).get() == [event])
    let errors: [PersistError] = [
      .unknownRoom, .roomInUse, .tooLarge, .invalid(reason: "r"), .unavailable(reason: "u"),
      .wrongMembership(current: "ban"), .refused(AuthRejection(rule: "4.3", reason: "no")),
    ]
    for error in errors {
      let decoded = PersistAnswerCodec.decode(PersistAnswerCodec.encode(error))
      #expect(throws: error) { try decoded.get() }
    }
  }

  @Test(arguments: ["", "[]", "{\"failure\":\"of a later version\"}"])
  func anAnswerThatMakesNoSenseIsTriedAgain(_ text: String) {
    let decoded = PersistAnswerCodec.decode(Array(text.utf8))
    if text == "[]" {
      #expect((try? decoded.get()) == [])
    } else {
      guard case .failure(.unavailable) = decoded else {
        Issue.record("\(decoded)")
        return
      }
    }
  }
}
