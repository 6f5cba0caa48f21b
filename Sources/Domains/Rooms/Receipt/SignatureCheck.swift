import MatrixCrypto
import MatrixIdentifiers
import MatrixJSON
import RoomEvents

/// Check 2: is the event signed by all servers that have to sign it.
///
/// All signatures of these servers are looked at: how many there can be is bounded by the size of
/// an event, and those that take time are the ones by keys that are known.
enum SignatureCheck {
  /// The keys that are asked for: of each server that has to sign, those it signed with.
  /// - Parameter genuine: as check 3 leaves the event.
  static func keysNeeded(for event: Event, genuine: Event) -> [ServerName: [String]] {
    var needed: [ServerName: [String]] = [:]
    for server in signers(of: event, genuine: genuine) {
      needed[server] = signingKeys(of: server, event)
    }
    return needed
  }

  /// Keys that are not known, or were out of date when the event was made, are passed over; what
  /// the others signed must be right.
  ///
  /// spec: server-server-api#validating-hashes-and-signatures-on-received-events
  static func check(
    _ event: Event, genuine: Event, _ keys: ServerKeys
  ) throws(DropReason) {
    let rules = event.version.rules
    for server in signers(of: event, genuine: genuine).sorted() {
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

  /// What is left of an event without its genuine content can be another kind of event: what was
  /// a third-party invite, which its sender need not sign, is then a plain one.
  private static func signers(of event: Event, genuine: Event) -> Set<ServerName> {
    requiredSigners(of: event).union(requiredSigners(of: genuine))
  }

  private static func signingKeys(of server: ServerName, _ event: Event) -> [String] {
    guard let signatures = event.json["signatures"]?[server.text] else { return [] }
    let prefix = SigningKey.algorithm + ":"
    return signatures.members.lazy.map(\.key).filter { $0.hasPrefix(prefix) }
  }
}
