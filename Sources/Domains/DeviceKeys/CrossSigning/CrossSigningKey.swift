import MatrixCrypto
package import MatrixIdentifiers
package import MatrixJSON

/// A public key with which a user vouches for devices or for others.
/// spec: client-server-api#cross-signing
struct CrossSigningKey: Sendable, Equatable {
  /// Bytes, without signatures.
  private static let sizeLimit = 16_384

  let usage: CrossSigningUsage
  /// Unpadded base64.
  let publicKey: String
  /// Canonical JSON without signatures.
  let body: [UInt8]
  let signatures: Signatures

  init(_ key: KeyBody, _ usage: CrossSigningUsage, of user: UserID) throws(DeviceKeyError) {
    guard sameBytes(try key.requiredString("user_id"), user.text) else {
      throw .notYours(place: key.path("user_id"))
    }
    guard try key.strings("usage")?.contains(usage.rawValue) ?? false else {
      throw .malformed(place: key.path("usage"), expected: "an array with \"\(usage.rawValue)\"")
    }
    let keys = try key.requiredObject("keys")
    guard keys.json.count == 1, let (name, value) = keys.json.members.first(where: { _ in true }),
      let text = value.string, name == Self.keyID(of: text),
      UnpaddedBase64.decode(text).flatMap({ VerifyKey($0) }) != nil
    else {
      throw .malformed(
        place: keys.place, expected: "one key, ed25519:PUBLICKEY with the value PUBLICKEY")
    }
    self.usage = usage
    publicKey = text
    signatures = try Signatures(in: key, by: user)
    body = try key.signed(limit: Self.sizeLimit)
  }

  init(usage: CrossSigningUsage, publicKey: String, body: [UInt8], signatures: Signatures) {
    self.usage = usage
    self.publicKey = publicKey
    self.body = body
    self.signatures = signatures
  }

  var keyID: String { Self.keyID(of: publicKey) }

  /// Whether a signature, in base64, is this key's.
  func hasMade(_ signature: String?, of message: [UInt8]) -> Bool {
    guard let signature = signature.flatMap({ UnpaddedBase64.decode($0) }),
      let key = UnpaddedBase64.decode(publicKey)
    else { return false }
    return verifyEd25519(signature: signature, message: message, publicKey: key)
  }

  private static func keyID(of publicKey: String) -> String {
    "\(SigningKey.algorithm):\(publicKey)"
  }
}

/// The keys that a user publishes with one request.
/// spec: client-server-api#post_matrixclientv3keysdevice_signingupload
package struct CrossSigningUpload: Sendable {
  let user: UserID
  let keys: [CrossSigningKey]

  package init(_ body: JSONView, by user: UserID) throws(DeviceKeyError) {
    let whole = try KeyBody(body, at: "")
    var keys: [CrossSigningKey] = []
    for usage in CrossSigningUsage.allCases {
      guard let key = try whole.object(usage.uploadKey) else { continue }
      keys.append(try CrossSigningKey(key, usage, of: user))
    }
    (self.user, self.keys) = (user, keys)
  }

  init(user: UserID, keys: [CrossSigningKey]) {
    self.user = user
    self.keys = keys
  }
}
