import MatrixCrypto
import MatrixIdentifiers
import MatrixJSON

@testable import DeviceKeys

/// A key pair of a user or device.
struct Signer: Sendable {
  let key: SigningKey

  init() throws {
    key = try SigningKey.generate()
  }

  var publicKey: String { UnpaddedBase64.encode(key.publicKey) }

  /// The object with a signature by this key.
  /// - Parameter name: of the key: a device's id or the public key.
  func sign(_ object: JSON, as user: UserID, _ name: String? = nil) throws -> JSON {
    var covered = object
    covered["signatures"] = nil
    covered["unsigned"] = nil
    let signature = UnpaddedBase64.encode(key.sign(try canonicalJSON(covered)))
    var signatures = object["signatures"] ?? [:]
    var own = signatures[user.text] ?? [:]
    own["ed25519:\(name ?? publicKey)"] = .string(signature)
    signatures[user.text] = own
    var signed = object
    signed["signatures"] = signatures
    return signed
  }
}

/// The keys with which a user vouches for others.
struct Identity: Sendable {
  let user: UserID
  let master: Signer
  let selfSigning: Signer
  let userSigning: Signer

  init(_ user: UserID) throws {
    self.user = user
    (master, selfSigning, userSigning) = (try Signer(), try Signer(), try Signer())
  }

  func masterKey() -> JSON { key(master, "master") }

  func selfSigningKey(by signer: Signer? = nil) throws -> JSON {
    try (signer ?? master).sign(key(selfSigning, "self_signing"), as: user)
  }

  func userSigningKey(by signer: Signer? = nil) throws -> JSON {
    try (signer ?? master).sign(key(userSigning, "user_signing"), as: user)
  }

  /// All three, as they are uploaded.
  func upload() throws -> JSON {
    [
      "master_key": masterKey(), "self_signing_key": try selfSigningKey(),
      "user_signing_key": try userSigningKey(),
    ]
  }

  private func key(_ signer: Signer, _ usage: String) -> JSON {
    [
      "user_id": .string(user.text), "usage": [.string(usage)],
      "keys": ["ed25519:\(signer.publicKey)": .string(signer.publicKey)],
    ]
  }
}

/// The keys of a device that signs with `signer`.
func identity(_ user: UserID, _ device: String, by signer: Signer) throws -> JSON {
  try signer.sign(
    [
      "user_id": .string(user.text), "device_id": .string(device),
      "algorithms": ["m.olm.v1.curve25519-aes-sha2"],
      "keys": ["ed25519:\(device)": .string(signer.publicKey)],
    ], as: user, device)
}
