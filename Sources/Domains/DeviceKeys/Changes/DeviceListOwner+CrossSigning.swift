import MatrixIdentifiers
import MatrixJSON
import Postgres
import Streams

extension DeviceListOwner {
  static let crossSign = "cross_sign"
  static let sign = "sign"
  /// The answer when the owner of the account has to confirm first.
  static let confirmationWanted = Array("{\"confirm\":true}".utf8)

  func registerCrossSigning(in owner: LocalOwner) {
    owner.register(.deviceLists, Self.crossSign) { body throws(OwnerError) in
      try await crossSign(try Self.decode(body) { try CrossSigningCall($0) })
    }
    owner.register(.deviceLists, Self.sign) { body throws(OwnerError) in
      try await sign(try Self.decode(body) { try SignatureUpload(owned: $0) })
    }
  }

  /// Whether a confirmation is needed is decided here, where nothing can come between.
  private func crossSign(_ call: CrossSigningCall) async throws(OwnerError) -> [UInt8] {
    let (user, upload) = (call.upload.user, call.upload)
    let reads = [
      CrossSigningStore.keys(of: user),
      CrossSigningStore.devices(of: user, named: upload.keys.map(\.publicKey)),
    ]
    return try await committer.commit(
      change(of: user, reads: reads) { read throws(OwnerError) in
        guard read[1].isEmpty else { throw Self.nameIsTaken }
        let machine = CrossSigningMachine(
          stored: CrossSigningStore.readKeys(read[0])[user] ?? [:])
        switch try machine.decide(upload, isConfirmed: call.isConfirmed) {
        case .unchanged: return Step()
        case .needsConfirmation: return Step(answer: Self.confirmationWanted)
        case .store(let keys, let dropped): return Self.store(keys, dropped: dropped, of: user)
        }
      })
  }

  private static func store(
    _ keys: [CrossSigningKey], dropped: [CrossSigningUsage], of user: UserID
  ) -> Step {
    var writes = CrossSigningStore.write(keys, of: user)
    if !dropped.isEmpty { writes.append(CrossSigningStore.drop(dropped, of: user)) }
    let changed = Set(keys.map(\.usage) + dropped)
    if changed.contains(.userSigning) {
      writes.append(CrossSigningStore.dropSignatures(by: user))
    }
    // Others do not see the user-signing key.
    let audience = changed == [.userSigning] ? user : nil
    return Step(
      writes: writes, rows: [DeviceListRow(userID: user, deviceID: "", audience: audience)])
  }

  private func sign(_ upload: SignatureUpload) async throws(OwnerError) -> [UInt8] {
    let (signer, objects) = (upload.signer, upload.objects)
    let others = Array(Set(objects.map(\.user)).subtracting([signer]))
    let reads = [
      CrossSigningStore.keys(of: signer), CrossSigningStore.identities(of: signer),
      CrossSigningStore.masters(of: others), CrossSigningStore.signatures(by: signer, of: others),
    ]
    return try await committer.commit(
      change(of: signer, reads: reads, rowLimit: objects.count) { read throws(OwnerError) in
        let machine = SignatureMachine(
          signer: signer, devices: CrossSigningStore.readIdentities(read[1], of: signer),
          keys: CrossSigningStore.readKeys(read[0])[signer] ?? [:],
          masters: CrossSigningStore.readKeys(read[2]).compactMapValues { $0[.master] },
          given: CrossSigningStore.readSignatures(read[3], by: signer))
        return Self.store(machine.decide(objects), by: signer, master: machine.keys[.master])
      })
  }

  private static func store(
    _ outcome: SignatureMachine.Outcome, by signer: UserID, master: CrossSigningKey?
  ) -> Step {
    var step = Step(answer: outcome.failures.answer)
    for (device, signatures) in outcome.devices.sorted(by: { $0.key < $1.key }) {
      step.writes.append(CrossSigningStore.write(signatures, ofDevice: device))
      step.rows.append(DeviceListRow(userID: signer, deviceID: device))
    }
    if let signatures = outcome.master, let master {
      step.writes.append(CrossSigningStore.write(signatures, ofMaster: master.publicKey))
      step.rows.append(DeviceListRow(userID: signer, deviceID: ""))
    }
    for signatures in outcome.users {
      step.writes.append(CrossSigningStore.write(signatures, by: signer))
      step.rows.append(DeviceListRow(userID: signatures.user, deviceID: "", audience: signer))
    }
    return step
  }
}
