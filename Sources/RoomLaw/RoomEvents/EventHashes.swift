package import MatrixCrypto
package import MatrixIdentifiers
import MatrixJSON

/// Hashes and signatures of events. All of them cover canonical JSON.
package enum EventHashes {
  /// SHA-256 over everything but `unsigned`, `signatures` and `hashes`.
  ///
  /// spec: server-server-api#calculating-the-content-hash-for-an-event
  package static func contentHash(of event: Event) throws(EventError) -> [UInt8] {
    try contentHash(of: event.json)
  }

  static func contentHash(of event: JSONView) throws(EventError) -> [UInt8] {
    do {
      // Which numbers the event may have was settled when it was read.
      return SHA256.hash(
        try canonicalJSON(
          event, dropping: ["unsigned", "signatures", "hashes"], numbers: .all))
    } catch { throw .json(error) }
  }

  /// Whether the event is whole: false after a redaction, and then only the redacted form may be
  /// used.
  package static func contentHashMatches(_ event: Event) -> Bool {
    guard let stated = event.json["hashes"]?["sha256"]?.string,
      let expected = UnpaddedBase64.decode(stated),
      let computed = try? contentHash(of: event)
    else { return false }
    return computed == expected
  }

  /// What the signatures and the reference hash cover: the redacted form without signatures.
  package static func signingBytes(of event: Event) -> [UInt8] {
    redacted(event.json, version: event.version, withSignatures: false)
  }

  /// spec: server-server-api#calculating-the-reference-hash-for-an-event
  package static func referenceHash(of event: Event) -> [UInt8] {
    SHA256.hash(signingBytes(of: event))
  }

  static func eventID(
    of canonicalEvent: JSONView, version: RoomVersion
  ) throws(EventError) -> EventID {
    guard version.rules.eventIDs != .stated else {
      guard let id = canonicalEvent["event_id"]?.string.flatMap({ EventID($0) }) else {
        throw .malformed(key: "event_id")
      }
      return id
    }
    return try eventID(
      hash: SHA256.hash(redacted(canonicalEvent, version: version, withSignatures: false)),
      version: version)
  }

  /// spec: rooms/v3#event-ids, rooms/v4#event-ids
  static func eventID(hash: [UInt8], version: RoomVersion) throws(EventError) -> EventID {
    let text =
      switch version.rules.eventIDs {
      case .hash: UnpaddedBase64.encode(hash)
      case .urlSafeHash, .stated: UnpaddedBase64.encodeURLSafe(hash)
      }
    guard let id = EventID("$" + text) else { throw .malformed(key: "event_id") }
    return id
  }

  /// Whether the event bears a good signature of that server's key.
  ///
  /// spec: appendices#checking-for-a-signature
  package static func verifySignature(
    of event: Event, server: ServerName, keyID: String, publicKey: VerifyKey
  ) -> Bool {
    guard
      let signature = event.json["signatures"]?[server.text]?[keyID]?.string
        .flatMap({ UnpaddedBase64.decode($0) })
    else { return false }
    return publicKey.verify(signature, of: signingBytes(of: event))
  }
}
