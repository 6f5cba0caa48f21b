import MatrixCrypto
import MatrixIdentifiers
import MatrixJSON
import RoomEvents

/// Bound on the work that one third-party invite can cause: signatures times keys that are tried,
/// each different one once; a try takes some 60 us. Beyond it the invite counts as unsigned. No
/// identity server comes near, and without a bound two events made for it would take minutes.
private let thirdPartyTryLimit = 4096

/// Rule 4.4: invites.
extension AuthorityCheck {
  func checkInvite(_ target: String) throws(AuthRejection) {
    // Rule 4.4.1.
    if let invite = event.content["third_party_invite"] {
      return try checkThirdParty(invite, target: target)
    }
    // Rule 4.4.2.
    guard membership(of: event.sender.text) == Membership.join else {
      throw AuthRejection(.inviteSenderNotJoined)
    }
    // Rule 4.4.3.
    switch membership(of: target) {
    case Membership.join, Membership.ban: throw AuthRejection(.inviteTarget)
    default: break
    }
    // Rules 4.4.4 and 4.4.5.
    guard levels.level(of: event.sender) >= levels.invite else {
      throw AuthRejection(.inviteLevel)
    }
  }

  private func checkThirdParty(_ invite: JSONView, target: String) throws(AuthRejection) {
    // Rule 4.4.1.1.
    guard membership(of: target) != Membership.ban else {
      throw AuthRejection(.thirdPartyBanned)
    }
    // Rule 4.4.1.2.
    guard let signed = invite["signed"], signed.kind == .object else {
      throw AuthRejection(.thirdPartyUnsigned)
    }
    // Rule 4.4.1.3.
    guard let user = signed["mxid"]?.string, let token = signed["token"]?.string else {
      throw AuthRejection(.thirdPartyIncomplete)
    }
    // Rule 4.4.1.4.
    guard sameBytes(user, target) else { throw AuthRejection(.thirdPartyTarget) }
    // Rule 4.4.1.5.
    guard let issued = state.event(StateTuple(EventType.thirdPartyInvite, token)) else {
      throw AuthRejection(.thirdPartyToken)
    }
    // Rule 4.4.1.6.
    guard issued.sender == event.sender else { throw AuthRejection(.thirdPartySender) }
    // Rules 4.4.1.7 and 4.4.1.8.
    guard isSigned(signed, by: publicKeys(of: issued)) else {
      throw AuthRejection(.thirdPartySignature)
    }
  }

  private func publicKeys(of issued: Event) -> [VerifyKey] {
    let content = issued.content
    let listed = content["public_keys"]?.elements.map { $0["public_key"]?.string } ?? []
    let texts = [content["public_key"]?.string] + listed
    return Set(texts.compactMap { $0.flatMap { UnpaddedBase64.decode($0) } })
      .compactMap { VerifyKey($0) }
  }

  private func isSigned(_ signed: JSONView, by keys: [VerifyKey]) -> Bool {
    guard let servers = signed["signatures"], let message = try? JSONSigning.signedBytes(of: signed)
    else { return false }
    let signatures = Set(
      servers.members.lazy
        .flatMap { $0.value.members }
        .filter { $0.key.hasPrefix(SigningKey.algorithm + ":") }
        .compactMap { $0.value.string.flatMap { UnpaddedBase64.decode($0) } }
        .filter { $0.count == SigningKey.signatureBytes })
    guard signatures.count * keys.count <= thirdPartyTryLimit else { return false }
    return signatures.contains { signature in
      keys.contains { $0.verify(signature, of: message) }
    }
  }
}
