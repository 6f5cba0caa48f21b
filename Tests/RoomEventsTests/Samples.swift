import MatrixCrypto
import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import Testing

/// The key, server and events that several tests use.
enum Samples {
  static func versions(_ numbers: ClosedRange<Int>) -> [RoomVersion] {
    numbers.compactMap { RoomVersion(id: String($0)) }
  }

  static func key() throws -> SigningKey {
    try SigningKey(fileText: "ed25519 1 YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1")
  }

  static func server() throws -> ServerName { try #require(ServerName("domain")) }

  static func template(
    _ version: RoomVersion, type: String = "m.room.message", stateKey: String? = nil,
    content: JSON = ["body": "hello", "msgtype": "m.text"], redacts: String? = nil
  ) throws -> EventTemplate {
    let hasHashID = version.rules.roomIDIsCreateHash
    let isUnnamed = hasHashID && type == EventType.create
    let room =
      hasHashID ? "!31hneApxJ_1o-63DmFrpeqnkFfWppnzWso1JvH3ogLM" : "!room:domain"
    var template = EventTemplate(
      version: version, roomID: isUnnamed ? nil : RoomID(room),
      sender: try #require(UserID("@alice:domain")), type: type, stateKey: stateKey,
      content: content.bytes, prevEvents: [try #require(EventID("$previous"))],
      authEvents: [try #require(EventID("$auth1")), try #require(EventID("$auth2"))], depth: 7,
      originServerTimestamp: 1_700_000_000_123, redacts: redacts.flatMap { EventID($0) })
    for id in template.prevEvents + template.authEvents {
      template.referenceHashes[id] = SHA256.hash(Array(id.text.utf8))
    }
    return template
  }

  static func event(
    _ version: RoomVersion, type: String = "m.room.message", stateKey: String? = nil,
    content: JSON = ["body": "hello", "msgtype": "m.text"], redacts: String? = nil
  ) throws -> Event {
    try template(version, type: type, stateKey: stateKey, content: content, redacts: redacts)
      .build(serverName: server(), key: key())
  }
}

func text(_ bytes: some Sequence<UInt8>) -> String {
  String(decoding: Array(bytes), as: UTF8.self)
}
