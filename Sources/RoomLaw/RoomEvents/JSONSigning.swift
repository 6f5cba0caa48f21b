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

  /// The object with one more signature, as canonical JSON; the signatures that it has stay.
  package static func sign(
    _ object: JSONView, server: ServerName, key: SigningKey
  ) throws(JSONError) -> [UInt8] {
    let signature = UnpaddedBase64.encode(key.sign(try signedBytes(of: object)))
    let servers = object["signatures"]
    var keys = servers?[server.text].map { JSONObject($0) } ?? JSONObject()
    keys[key.keyID] = .string(signature)
    var signatures = servers.map { JSONObject($0) } ?? JSONObject()
    signatures.set(server.text, to: keys)
    var signed = JSONObject(object)
    signed.set("signatures", to: signatures)
    return try canonicalJSON(JSONDocument(signed.bytes).root)
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
