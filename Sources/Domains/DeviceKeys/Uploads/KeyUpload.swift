import MatrixCrypto
package import MatrixIdentifiers
package import MatrixJSON

/// A key that is given out, under its name in two parts.
struct PublicKey: Sendable, Equatable {
  let algorithm: String
  let keyID: String
  /// A string or an object, canonical.
  let json: [UInt8]

  var name: String { "\(algorithm):\(keyID)" }
}

/// What a device publishes with one request.
/// spec: client-server-api#post_matrixclientv3keysupload
package struct KeyUpload: Sendable {
  /// Keys of one request.
  static let keyLimit = 1000
  /// Bytes of one one-time key.
  static let keySizeLimit = 4096

  let identity: IdentityKeys?
  let oneTimeKeys: [PublicKey]
  /// One for each algorithm at most.
  let fallbackKeys: [PublicKey]

  /// - Parameters:
  ///   - body: the request's.
  ///   - user, device: who makes the request.
  package init(
    _ body: JSONView, by user: UserID, device: String
  ) throws(DeviceKeyError) {
    let whole = try KeyBody(body, at: "")
    if let part = try whole.object("device_keys") {
      identity = try IdentityKeys(part, of: user, device: device)
    } else {
      identity = nil
    }
    oneTimeKeys = try Self.keys(whole.object("one_time_keys"))
    fallbackKeys = try Self.keys(whole.object("fallback_keys"))
    guard Set(fallbackKeys.map(\.algorithm)).count == fallbackKeys.count else {
      throw .malformed(place: "fallback_keys", expected: "one key for each algorithm")
    }
  }

  var publishesKeys: Bool {
    !oneTimeKeys.isEmpty || !fallbackKeys.isEmpty
  }

  private static func keys(_ body: KeyBody?) throws(DeviceKeyError) -> [PublicKey] {
    guard let body else { return [] }
    var keys: [PublicKey] = []
    for (name, value) in try body.members("keys in \(body.place)", limit: keyLimit) {
      let parts = name.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
        throw .malformed(place: body.path(name), expected: "a name as algorithm:key_id")
      }
      if value.kind == .object {
        try check(KeyBody(value, at: body.path(name)))
      } else if value.kind != .string {
        throw .malformed(place: body.path(name), expected: "a string or an object")
      }
      keys.append(
        PublicKey(
          algorithm: String(parts[0]), keyID: String(parts[1]),
          json: try canonical(value, at: body.path(name), limit: keySizeLimit)))
    }
    return keys
  }

  private static func check(_ key: KeyBody) throws(DeviceKeyError) {
    _ = try key.requiredString("key")
    if let signatures = try key.object("signatures") { try Signatures.check(signatures) }
  }
}

/// The long-lived keys of a device.
struct IdentityKeys: Sendable, Equatable {
  /// Bytes, signatures included.
  static let sizeLimit = 65_536
  private static let memberLimit = 100

  /// Canonical JSON without signatures.
  let body: [UInt8]
  let signatures: Signatures

  /// Members that older clients leave out may be absent.
  init(_ keys: KeyBody, of user: UserID, device: String) throws(DeviceKeyError) {
    guard sameBytes(try keys.requiredString("user_id"), user.text) else {
      throw .notYours(place: keys.path("user_id"))
    }
    guard sameBytes(try keys.requiredString("device_id"), device) else {
      throw .notYours(place: keys.path("device_id"))
    }
    _ = try keys.strings("algorithms")
    try keys.object("keys")?.checkStrings("keys of a device", limit: Self.memberLimit)
    signatures = try Signatures(in: keys, by: user)
    body = try keys.signed(limit: Self.sizeLimit)
  }

  init(body: [UInt8], signatures: Signatures) {
    self.body = body
    self.signatures = signatures
  }

  /// The key with which the device signs.
  func verifyKey(of device: String) -> VerifyKey? {
    (try? JSONDocument(body))?.root["keys"]?["\(SigningKey.algorithm):\(device)"]?.string
      .flatMap { UnpaddedBase64.decode($0) }.flatMap { VerifyKey($0) }
  }
}
