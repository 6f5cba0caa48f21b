package import MatrixCrypto
package import MatrixIdentifiers
package import MatrixJSON

/// Signatures on JSON objects that are not events.
///
/// spec: appendices#signing-json
package enum JSONSigning {
  /// Keys that a signature does not cover.
  private static let uncovered: Set<String> = ["signatures", "unsigned"]

  package static func signedBytes(of object: JSONView) throws(JSONError) -> [UInt8] {
    try canonicalJSON(object, dropping: uncovered)
  }

  /// The object with one more signature; those it has stay.
  package static func sign(
    _ object: JSON, server: ServerName, key: SigningKey
  ) throws(JSONError) -> JSON {
    var covered = object
    for name in uncovered { covered[name] = nil }
    let signature = UnpaddedBase64.encode(key.sign(try canonicalJSON(covered)))
    var servers = object["signatures"] ?? .object([:])
    var keys = servers[server.text] ?? .object([:])
    keys[key.keyID] = .string(signature)
    servers[server.text] = keys
    var signed = object
    signed["signatures"] = servers
    return signed
  }

  /// False when that key has not signed, or not this.
  package static func verify(
    _ object: JSONView, server: ServerName, keyID: String, publicKey: VerifyKey
  ) -> Bool {
    guard
      let signature = object["signatures"]?[server.text]?[keyID]?.string
        .flatMap({ UnpaddedBase64.decode($0) }),
      let message = try? signedBytes(of: object)
    else { return false }
    return publicKey.verify(signature, of: message)
  }
}
