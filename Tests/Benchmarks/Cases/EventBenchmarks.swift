import MatrixCrypto
import MatrixIdentifiers
import MatrixJSON
import RoomEvents

private struct Signed {
  let key: SigningKey
  let verifier: VerifyKey
  let server: ServerName
  let template: EventTemplate
  let event: Event

  init() throws {
    key = try SigningKey(
      fileText: "ed25519 1 YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1")
    guard let verifier = VerifyKey(key.publicKey), let server = ServerName(Room.server),
      let sender = UserID(Room.creator), let room = RoomID("!room:example.org")
    else { throw BenchmarkFailure(what: "identifiers") }
    self.verifier = verifier
    self.server = server
    let ids = [
      "$5COPTmaLBfkpDUXT1qiAsueXFksjpiPRrZZ3JD1SGGo", "$0gR3UwqrxpjFay4338XWRF9-4aoD6Kudn",
    ]
    .compactMap { EventID($0) }
    let content: JSON = [
      "msgtype": "m.text", "body": .string(String(repeating: "words and more words ", count: 25)),
    ]
    template = EventTemplate(
      version: .v11, roomID: room, sender: sender, type: EventType.message,
      content: content.bytes, prevEvents: [ids[0]], authEvents: ids, depth: 12345,
      originServerTimestamp: 1_700_000_000_123)
    event = try template.build(serverName: server, key: key)
  }
}

let eventBenchmarks: [Benchmark] = [
  Benchmark("event/receive-1k") {
    let bytes = try Signed().event.bytes
    return { try Event(bytes: bytes, version: .v11).eventID.text.utf8.count }
  },
  Benchmark("event/load-1k") {
    let event = try Signed().event
    let (bytes, id) = (event.bytes, event.eventID)
    return { try Event(bytes: bytes, version: .v11, eventID: id).type.utf8.count }
  },
  Benchmark("event/build-1k") {
    let signed = try Signed()
    return { try signed.template.build(serverName: signed.server, key: signed.key).bytes.count }
  },
  Benchmark("event/hash-id-verify-1k") {
    let signed = try Signed()
    let bytes = signed.event.bytes
    return {
      let event = try Event(bytes: bytes, version: .v11)
      let isWhole = EventHashes.contentHashMatches(event)
      let isSigned = EventHashes.verifySignature(
        of: event, server: signed.server, keyID: signed.key.keyID, publicKey: signed.verifier)
      guard isWhole, isSigned else { throw BenchmarkFailure(what: "the event is not signed") }
      return event.eventID.text.utf8.count
    }
  },
  // What libcrypto itself takes for the same: two hashes and one signature.
  Benchmark("event/hash-id-verify-1k-libcrypto") {
    let signed = try Signed()
    let message = EventHashes.signingBytes(of: signed.event)
    let whole = try canonicalJSON(
      signed.event.json, dropping: ["unsigned", "signatures", "hashes"])
    let signature = signed.key.sign(message)
    return {
      guard signed.verifier.verify(signature, of: message) else {
        throw BenchmarkFailure(what: "the message is not signed")
      }
      return SHA256.hash(whole).count + SHA256.hash(message).count
    }
  },
]
