import MatrixIdentifiers
import MatrixJSON
import RoomEvents

/// Values of `join_rule`.
private enum JoinRule {
  static let `public` = "public"
  static let invite = "invite"
  static let knock = "knock"
  static let restricted = "restricted"
  static let knockRestricted = "knock_restricted"
}

/// Rule 4: membership.
extension AuthorityCheck {
  func checkMember() throws(AuthRejection) {
    // Rule 4.1.
    guard let target = event.stateKey else { throw AuthRejection(.memberStateKey) }
    guard event.content["membership"] != nil else { throw AuthRejection(.memberMembership) }
    // Rule 4.2.
    try checkAuthoriserSignature()
    switch event.membership {
    case Membership.join: try checkJoin(target)
    case Membership.invite: try checkInvite(target)
    case Membership.leave: try checkLeave(target)
    case Membership.ban: try checkBan(target)
    case Membership.knock: try checkKnock(target)
    // Rule 4.8.
    default: throw AuthRejection(.memberUnknown)
    }
  }

  /// Rule 4.2. That the signature is there is checked here; that it is good was checked on
  /// receipt with the others, as it takes the other server's key.
  private func checkAuthoriserSignature() throws(AuthRejection) {
    guard let authoriser = event.content["join_authorised_via_users_server"] else { return }
    guard let user = authoriser.string.flatMap({ UserID($0) }),
      let signatures = event.json["signatures"]?[user.serverName.text], signatures.count > 0
    else { throw AuthRejection(.memberAuthoriserSignature) }
  }

  private var joinRule: String {
    state.event(.joinRules)?.content["join_rule"]?.string ?? JoinRule.invite
  }

  private var senderIsTarget: Bool {
    event.stateKey.map { sameBytes($0, event.sender.text) } ?? false
  }

  /// Rule 4.3.
  private func checkJoin(_ target: String) throws(AuthRejection) {
    // Rule 4.3.1: the creator's join right after the create event.
    if event.prevEvents == [create.eventID], isFirstCreator(target) { return }
    // Rule 4.3.2.
    guard senderIsTarget else { throw AuthRejection(.joinSender) }
    // Rule 4.3.3.
    let current = membership(of: target)
    guard current != Membership.ban else { throw AuthRejection(.joinBanned) }
    let isInside = current == Membership.invite || current == Membership.join
    switch joinRule {
    // Rule 4.3.4.
    case JoinRule.invite, JoinRule.knock:
      guard isInside else { throw AuthRejection(.joinNotInvited) }
    // Rule 4.3.5.
    case JoinRule.restricted, JoinRule.knockRestricted:
      guard isInside || isAuthorisedByMember else { throw AuthRejection(.joinNotAuthorised) }
    // Rule 4.3.6.
    case JoinRule.public: return
    // Rule 4.3.7.
    default: throw AuthRejection(.joinRule)
    }
  }

  /// Version 10 reads the creator from the content, later ones from the sender; the additional
  /// creators of version 12 are not meant.
  private func isFirstCreator(_ target: String) -> Bool {
    switch create.version.rules.creatorProperty {
    case .content: create.content["creator"]?.string.map { sameBytes($0, target) } ?? false
    case .sender: sameBytes(create.sender.text, target)
    }
  }

  /// Rule 4.3.5.2: a member who may invite vouches for the join.
  private var isAuthorisedByMember: Bool {
    guard let authoriser = event.content["join_authorised_via_users_server"]?.string else {
      return false
    }
    return membership(of: authoriser) == Membership.join
      && levels.level(of: authoriser) >= levels.invite
  }

  /// Rule 4.5.
  private func checkLeave(_ target: String) throws(AuthRejection) {
    // Rule 4.5.1.
    if senderIsTarget {
      switch membership(of: target) {
      case Membership.invite, Membership.join, Membership.knock: return
      default: throw AuthRejection(.leaveOwn)
      }
    }
    // Rule 4.5.2.
    guard membership(of: event.sender.text) == Membership.join else {
      throw AuthRejection(.leaveSenderNotJoined)
    }
    let senderLevel = levels.level(of: event.sender)
    // Rule 4.5.3.
    if membership(of: target) == Membership.ban, senderLevel < levels.ban {
      throw AuthRejection(.leaveUnban)
    }
    // Rules 4.5.4 and 4.5.5.
    guard senderLevel >= levels.kick, levels.level(of: target) < senderLevel else {
      throw AuthRejection(.leaveKick)
    }
  }

  /// Rule 4.6.
  private func checkBan(_ target: String) throws(AuthRejection) {
    // Rule 4.6.1.
    guard membership(of: event.sender.text) == Membership.join else {
      throw AuthRejection(.banSenderNotJoined)
    }
    // Rules 4.6.2 and 4.6.3.
    let senderLevel = levels.level(of: event.sender)
    guard senderLevel >= levels.ban, levels.level(of: target) < senderLevel else {
      throw AuthRejection(.banLevel)
    }
  }

  /// Rule 4.7.
  private func checkKnock(_ target: String) throws(AuthRejection) {
    // Rule 4.7.1.
    let rule = joinRule
    guard rule == JoinRule.knock || rule == JoinRule.knockRestricted else {
      throw AuthRejection(.knockRule)
    }
    // Rule 4.7.2.
    guard senderIsTarget else { throw AuthRejection(.knockSender) }
    // Rules 4.7.3 and 4.7.4.
    switch membership(of: target) {
    case Membership.ban, Membership.invite, Membership.join:
      throw AuthRejection(.knockMembership)
    default: return
    }
  }
}
