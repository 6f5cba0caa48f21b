import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import Rooms

/// How requests to a room's writer look between processes.
enum PersistRequestCodec {
  struct Malformed: Error {
    let field: String
  }

  static func encode(_ request: PersistRequest) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    if let creation = request.creation {
      writer.key("create_event")
      writer.raw(creation.createEvent)
    }
    writer.key("intents")
    writer.beginArray()
    for intent in request.intents { encode(intent, to: &writer) }
    writer.endArray()
    writer.key("room_id")
    writer.string(request.roomID.text)
    if let creation = request.creation {
      writer.key("room_version")
      writer.string(creation.version.id)
    }
    writer.endObject()
    return writer.bytes
  }

  private static func encode(_ intent: EventIntent, to writer: inout JSONWriter) {
    writer.beginObject()
    writer.key("content")
    writer.raw(intent.content)
    if let delayed = intent.delayed {
      writer.key("delayed")
      writer.beginArray()
      writer.string(delayed.id)
      if let claim = delayed.claim { writer.integer(claim) }
      writer.endArray()
    }
    if let memberships = intent.requiredMemberships {
      writer.key("memberships")
      writer.beginArray()
      for membership in memberships.sorted() { writer.string(membership) }
      writer.endArray()
    }
    if let redacts = intent.redacts {
      writer.key("redacts")
      writer.string(redacts.text)
    }
    writer.key("sender")
    writer.string(intent.sender.text)
    if let stateKey = intent.stateKey {
      writer.key("state_key")
      writer.string(stateKey)
    }
    if let timestamp = intent.timestamp {
      writer.key("timestamp")
      writer.integer(timestamp)
    }
    if let key = intent.transaction {
      writer.key("transaction")
      writer.beginArray()
      writer.string(key.userID.text)
      writer.string(key.deviceID)
      writer.string(key.transactionID)
      writer.string(key.endpoint)
      writer.endArray()
    }
    writer.key("type")
    writer.string(intent.type)
    writer.endObject()
  }

  static func decode(_ root: JSONView) throws(Malformed) -> PersistRequest {
    guard let room = root["room_id"]?.string.flatMap({ RoomID($0) }) else {
      throw Malformed(field: "room_id")
    }
    guard let list = root["intents"], list.kind == .array else { throw Malformed(field: "intents") }
    var intents: [EventIntent] = []
    for element in list.elements { intents.append(try decodeIntent(element)) }
    var creation: RoomCreation?
    if let event = root["create_event"] {
      guard let version = root["room_version"]?.string.flatMap({ RoomVersion(id: $0) }) else {
        throw Malformed(field: "room_version")
      }
      creation = RoomCreation(version: version, createEvent: Array(event.rawBytes))
    }
    return PersistRequest(roomID: room, creation: creation, intents: intents)
  }

  private static func decodeIntent(_ view: JSONView) throws(Malformed) -> EventIntent {
    guard let type = view["type"]?.string else { throw Malformed(field: "type") }
    guard let sender = view["sender"]?.string.flatMap({ UserID($0) }) else {
      throw Malformed(field: "sender")
    }
    guard let content = view["content"] else { throw Malformed(field: "content") }
    var transaction: TransactionKey?
    if let parts = view["transaction"] {
      guard let user = parts[0]?.string.flatMap({ UserID($0) }), let device = parts[1]?.string,
        let id = parts[2]?.string, let endpoint = parts[3]?.string
      else { throw Malformed(field: "transaction") }
      transaction = TransactionKey(
        userID: user, deviceID: device, transactionID: id, endpoint: endpoint)
    }
    return EventIntent(
      type: type, stateKey: view["state_key"]?.string, sender: sender,
      content: Array(content.rawBytes), redacts: view["redacts"]?.string.flatMap { EventID($0) },
      timestamp: view["timestamp"]?.integer, transaction: transaction,
      delayed: try delayed(view["delayed"]),
      requiredMemberships: view["memberships"].map { Set($0.elements.compactMap(\.string)) })
  }

  private static func delayed(_ view: JSONView?) throws(Malformed) -> DelayedSend? {
    guard let view else { return nil }
    guard let id = view[0]?.string else { throw Malformed(field: "delayed") }
    return DelayedSend(id: id, claim: view[1]?.integer)
  }
}
