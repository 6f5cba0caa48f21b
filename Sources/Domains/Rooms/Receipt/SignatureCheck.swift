import MatrixCrypto
import MatrixIdentifiers
import MatrixJSON
import RoomEvents

/// Check 2: is the event signed by all servers that have to sign it.
enum SignatureCheck {
  /// Signatures of one server that are looked at; a check takes some 60 us. A server has few keys
  /// at a time.
  static let signatureLimit = 10

  /// The keys that are asked for: of each server that has to sign, those it signed with.
  static func keysNeeded(for event: Event) -> [ServerName: [String]] {
    var needed: [ServerName: [String]] = [:]
    for server in requiredSigners(of: event) { needed[server] = signingKeys(of: server, event) }
    return needed
  }

  /// Keys that are not known, or were out of date when the event was made, are passed over; what
  /// the others signed must be right.
  ///
  /// spec: server-server-api#validating-hashes-and-signatures-on-received-events
  static func check(_ event: Event, _ keys: ServerKeys) throws(DropReason) {
    let rules = event.version.rules
    for server in requiredSigners(of: event).sorted() {
      var isSigned = false
      for id in signingKeys(of: server, event) {
        guard let (key, validUntil) = keys.key(of: server, id: id),
          rules.acceptsKey(validUntil: validUntil, at: event.originServerTimestamp)
        else { continue }
        guard
          EventHashes.verifySignature(of: event, server: server, keyID: id, publicKey: key)
        else { throw .badSignature(server) }
        isSigned = true
      }
      guard isSigned else { throw .unsigned(server) }
    }
  }

  private static func signingKeys(of server: ServerName, _ event: Event) -> [String] {
    guard let signatures = event.json["signatures"]?[server.text] else { return [] }
    let prefix = SigningKey.algorithm + ":"
    return Array(
      signatures.members.lazy.map(\.key).filter { $0.hasPrefix(prefix) }.prefix(signatureLimit))
  }
}
