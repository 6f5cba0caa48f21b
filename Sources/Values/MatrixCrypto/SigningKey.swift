import COpenSSL

package enum SigningKeyError: Error, Sendable, Equatable {
  /// The seed is not 32 bytes.
  case invalidSeed
  /// The version may have only letters, digits and `_`.
  case invalidVersion
  /// Not one line of `ed25519 VERSION SEED`.
  case malformedFile
}

/// An Ed25519 key pair with the version under which this server publishes it.
///
/// spec: appendices#signing-details
package final class SigningKey: Sendable {
  package static let algorithm = "ed25519"
  package static let seedBytes = 32
  package static let publicKeyBytes = 32
  package static let signatureBytes = 64

  package let version: String
  package let publicKey: [UInt8]
  private let seed: [UInt8]
  private let key: EVPKey

  package init(seed: [UInt8], version: String) throws(SigningKeyError) {
    guard seed.count == Self.seedBytes, let key = EVPKey(privateSeed: seed),
      let publicKey = key.rawPublicKey(count: Self.publicKeyBytes)
    else { throw .invalidSeed }
    guard !version.isEmpty, version.utf8.allSatisfy(Self.isVersionByte)
    else { throw .invalidVersion }
    self.version = version
    self.publicKey = publicKey
    self.seed = seed
    self.key = key
  }

  /// Reads the first key of a file in Synapse's form: `ed25519 a_abcd SEED` on one line.
  package convenience init(fileText: String) throws(SigningKeyError) {
    let line = fileText.split(whereSeparator: \.isNewline).first ?? ""
    let words = line.split(whereSeparator: \.isWhitespace)
    guard words.count == 3, words[0] == Self.algorithm,
      let seed = UnpaddedBase64.decode(String(words[2]))
    else { throw .malformedFile }
    try self.init(seed: seed, version: String(words[1]))
  }

  /// A new key, with a version that no other key of the server is likely to have.
  package static func generate() throws(SigningKeyError) -> SigningKey {
    try SigningKey(
      seed: SecureRandom.bytes(seedBytes), version: "a_" + SecureRandom.string(4, .letters))
  }

  /// What `init(fileText:)` reads. Secret.
  package var fileText: String {
    "\(Self.algorithm) \(version) \(UnpaddedBase64.encode(seed))\n"
  }

  package var keyID: String { "\(Self.algorithm):\(version)" }

  /// The 64 bytes of the signature.
  package func sign(_ message: [UInt8]) -> [UInt8] {
    key.sign(message)
  }

  private static func isVersionByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
      true
    default: false
    }
  }
}

/// The public half of another server's key, kept ready for many signatures.
package final class VerifyKey: Sendable {
  private let key: EVPKey

  /// Nil unless these are the 32 bytes of an Ed25519 key.
  package init?(_ publicKey: [UInt8]) {
    guard publicKey.count == SigningKey.publicKeyBytes, let key = EVPKey(publicKey: publicKey)
    else { return nil }
    self.key = key
  }

  package func verify(_ signature: [UInt8], of message: [UInt8]) -> Bool {
    key.verify(signature, of: message)
  }
}

package func verifyEd25519(signature: [UInt8], message: [UInt8], publicKey: [UInt8]) -> Bool {
  VerifyKey(publicKey)?.verify(signature, of: message) ?? false
}
