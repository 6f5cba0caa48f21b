import MatrixCrypto
import MatrixIdentifiers
import MatrixJSON

/// Decides which signatures are taken: those of a user's self-signing key for the user's devices,
/// of the user's devices for the user's master key, and of the user-signing key for the master
/// keys of others.
///
/// spec: client-server-api#cross-signing
struct SignatureMachine: Sendable {
  let signer: UserID
  /// The signer's devices.
  let devices: [String: IdentityKeys]
  let keys: [CrossSigningUsage: CrossSigningKey]
  /// The master keys of others.
  let masters: [UserID: CrossSigningKey]
  /// What the signer has signed of others.
  let given: [UserID: UserSignatures]

  struct Outcome: Sendable, Equatable {
    /// The new signatures of devices.
    var devices: [String: Signatures] = [:]
    /// Those of the signer's own master key.
    var master: Signatures?
    var users: [UserSignatures] = []
    var failures = SignatureFailures()
  }

  func decide(_ objects: [SignedObject]) -> Outcome {
    var outcome = Outcome()
    for object in objects {
      do throws(Refusal) {
        if object.user != signer {
          if let signatures = try signatures(ofOther: object) { outcome.users.append(signatures) }
        } else if let device = devices[object.key] {
          outcome.devices[object.key] = try signatures(of: device, object)
        } else {
          outcome.master = try signatures(ofMaster: object) ?? outcome.master
        }
      } catch {
        outcome.failures.add(error.failure, object.user, object.key)
      }
    }
    return outcome
  }

  private struct Refusal: Error {
    let failure: SignatureFailure
  }

  /// All signatures that the device then has; nil when there is no new one.
  private func signatures(
    of device: IdentityKeys, _ object: SignedObject
  ) throws(Refusal) -> Signatures? {
    guard let key = keys[.selfSigning] else { throw Refusal(failure: .noSigningKey) }
    guard object.body == device.body else { throw Refusal(failure: .mismatch) }
    guard let signature = object.signatures[key.keyID],
      key.hasMade(signature, of: device.body)
    else { throw Refusal(failure: .invalid) }
    // Those of earlier self-signing keys mean nothing any more.
    let own = ":\(object.key)"
    var signatures = device.signatures.filtered { $0.hasSuffix(own) }
    signatures.add([key.keyID: signature])
    return signatures == device.signatures ? nil : signatures
  }

  private func signatures(ofMaster object: SignedObject) throws(Refusal) -> Signatures? {
    guard let master = keys[.master], object.key == master.publicKey else {
      throw Refusal(failure: .unknownKey)
    }
    guard object.body == master.body else { throw Refusal(failure: .mismatch) }
    var accepted: [String: String] = [:]
    for (keyID, signature) in object.signatures {
      guard let device = deviceID(keyID), let identity = devices[device] else { continue }
      if master.signatures.byKey[keyID] != signature {
        guard let bytes = UnpaddedBase64.decode(signature),
          identity.verifyKey(of: device)?.verify(bytes, of: master.body) ?? false
        else { throw Refusal(failure: .invalid) }
      }
      accepted[keyID] = signature
    }
    guard !accepted.isEmpty else { throw Refusal(failure: .invalid) }
    // Those of devices that are gone are let go.
    var signatures = master.signatures.filtered { deviceID($0).map { devices[$0] != nil } ?? false }
    signatures.add(accepted)
    return signatures == master.signatures ? nil : signatures
  }

  private func signatures(ofOther object: SignedObject) throws(Refusal) -> UserSignatures? {
    guard let master = masters[object.user], object.key == master.publicKey else {
      throw Refusal(failure: .unknownKey)
    }
    guard let key = keys[.userSigning] else { throw Refusal(failure: .noSigningKey) }
    guard object.body == master.body else { throw Refusal(failure: .mismatch) }
    guard let signature = object.signatures[key.keyID], key.hasMade(signature, of: master.body)
    else { throw Refusal(failure: .invalid) }
    let signatures = UserSignatures(
      user: object.user, publicKey: master.publicKey,
      bytes: JSON.object([key.keyID: .string(signature)]).bytes)
    return signatures == given[object.user] ? nil : signatures
  }

  /// The device of a key of its own.
  private func deviceID(_ keyID: String) -> String? {
    let prefix = "\(SigningKey.algorithm):"
    return keyID.hasPrefix(prefix) ? String(keyID.dropFirst(prefix.count)) : nil
  }
}
