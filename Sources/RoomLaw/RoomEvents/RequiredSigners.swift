package import MatrixIdentifiers
import MatrixJSON

/// The servers whose signatures an event must bear to be taken at all. That each of them is good is
/// to be checked with `EventHashes.verifySignature`.
///
/// The signature on the inner part of a third-party invite is not meant: its keys are in the room,
/// so it is for the authorisation rules to check.
///
/// spec: server-server-api#validating-hashes-and-signatures-on-received-events
package func requiredSigners(of event: Event) -> Set<ServerName> {
  var signers: Set<ServerName> = []
  // Whoever exchanges a third-party invite signs it, and this may be any server of the room.
  if !event.isThirdPartyInvite { signers.insert(event.sender.serverName) }
  // spec: rooms/v1#event-ids, and rooms/v3#authorisation-rules on what was before it
  if event.version.rules.eventIDs == .stated, let server = event.eventID.serverName {
    signers.insert(server)
  }
  // spec: rooms/v8#authorisation-rules, rule 4.2
  if let authoriser = event.joinAuthoriser { signers.insert(authoriser.serverName) }
  return signers
}

extension Event {
  fileprivate var isThirdPartyInvite: Bool {
    membership == Membership.invite && content["third_party_invite"] != nil
  }

  /// The user whose server vouches for a membership; nil when none is named or what is named is no
  /// user, which the authorisation rules refuse.
  package var joinAuthoriser: UserID? {
    guard type == EventType.member, version.rules.allowsRestrictedJoins else { return nil }
    return content["join_authorised_via_users_server"]?.string.flatMap { UserID($0) }
  }
}
