import MatrixCrypto
import MatrixIdentifiers
import MatrixJSON
import RoomEvents

struct BadRequest: Error, CustomStringConvertible {
  let description: String

  init(_ what: String) {
    description = what
  }
}

/// An object with `error` when the request cannot be answered, as for a text that is no JSON.
func answer(to line: String) -> String {
  let answer: JSON
  do {
    answer = try Request(JSONDocument(Array(line.utf8)).root).answer()
  } catch {
    answer = ["error": .string("\(error)")]
  }
  return String(decoding: answer.bytes, as: UTF8.self)
}

/// What the request asks for is named by `do`; the other keys are its arguments.
struct Request {
  private let json: JSONView

  init(_ json: JSONView) {
    self.json = json
  }

  func answer() throws -> JSON {
    switch try string("do") {
    case "canonical": try canonical()
    case "sign": try sign()
    case "verify": try verify()
    case "event": try event()
    case "verify_event": try verifyEvent()
    case "build": try build()
    case let other: throw BadRequest("cannot \(other)")
    }
  }

  private func canonical() throws -> JSON {
    let numbers: CanonicalNumbers =
      switch try string("numbers") {
      case "plain": .plainIntegers
      case "integers": .integers
      default: .all
      }
    return ["text": text(try canonicalJSON(document("text"), numbers: numbers))]
  }

  private func sign() throws -> JSON {
    let signed = try JSONSigning.sign(document("text"), server: server(), key: key())
    return ["text": text(signed)]
  }

  private func verify() throws -> JSON {
    let isValid = JSONSigning.verify(
      try document("text"), server: try server(), keyID: try string("key_id"),
      publicKey: try publicKey())
    return ["valid": .bool(isValid)]
  }

  private func event() throws -> JSON {
    let event = try received()
    return [
      "event_id": .string(event.eventID.text),
      "text": text(event.bytes),
      "redacted": text(redactedBytes(of: event)),
      "content_hash": .string(UnpaddedBase64.encode(try EventHashes.contentHash(of: event))),
      "is_whole": .bool(EventHashes.contentHashMatches(event)),
      "signers": .array(requiredSigners(of: event).sorted().map { .string($0.text) }),
    ]
  }

  private func verifyEvent() throws -> JSON {
    let isValid = EventHashes.verifySignature(
      of: try received(), server: try server(), keyID: try string("key_id"),
      publicKey: try publicKey())
    return ["valid": .bool(isValid)]
  }

  /// The event that this server makes of the fields of `text`, which has neither id, hashes nor
  /// signatures.
  private func build() throws -> JSON {
    let fields = try Request(document("text"))
    var template = EventTemplate(
      version: try version(), roomID: fields.json["room_id"]?.string.flatMap { RoomID($0) },
      sender: try fields.id("sender"), type: try fields.string("type"),
      stateKey: fields.json["state_key"]?.string,
      content: fields.json["content"].map { Array($0.rawBytes) } ?? [],
      prevEvents: try fields.ids("prev_events"), authEvents: try fields.ids("auth_events"),
      depth: try fields.integer("depth"),
      originServerTimestamp: try fields.integer("origin_server_ts"),
      redacts: fields.json["redacts"]?.string.flatMap { EventID($0) })
    for id in template.prevEvents + template.authEvents {
      template.referenceHashes[id] = SHA256.hash(Array(id.text.utf8))
    }
    let event = try template.build(serverName: try server(), key: try key())
    return ["event_id": .string(event.eventID.text), "text": text(event.bytes)]
  }
}

extension Request {
  private func text(_ bytes: [UInt8]) -> JSON {
    .string(String(decoding: bytes, as: UTF8.self))
  }

  private func string(_ key: String) throws -> String {
    guard let value = json[key]?.string else { throw BadRequest("no string \(key)") }
    return value
  }

  private func integer(_ key: String) throws -> Int64 {
    guard let value = json[key]?.integer else { throw BadRequest("no integer \(key)") }
    return value
  }

  private func id<ID: MatrixIdentifier>(_ key: String) throws -> ID {
    guard let id = ID(try string(key)) else { throw BadRequest("no id \(key)") }
    return id
  }

  private func ids(_ key: String) throws -> [EventID] {
    json[key]?.elements.compactMap { $0.string.flatMap { EventID($0) } } ?? []
  }

  private func document(_ key: String) throws -> JSONView {
    try JSONDocument(Array(string(key).utf8)).root
  }

  private func received() throws -> Event {
    try Event(bytes: Array(string("text").utf8), version: version())
  }

  private func version() throws -> RoomVersion {
    guard let version = RoomVersion(id: try string("version")) else {
      throw BadRequest("no such version")
    }
    return version
  }

  private func server() throws -> ServerName {
    try id("server")
  }

  private func key() throws -> SigningKey {
    try SigningKey(fileText: string("key"))
  }

  private func publicKey() throws -> VerifyKey {
    guard let bytes = UnpaddedBase64.decode(try string("public_key")), let key = VerifyKey(bytes)
    else { throw BadRequest("no public key") }
    return key
  }
}
