import MatrixIdentifiers
import MatrixJSON
import RoomEvents

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
    // Up to version 6 nobody knows it.
    case Membership.knock where rules.allowsKnocking: try checkKnock(target)
    // Rule 4.8.
    default: throw AuthRejection(.memberUnknown)
    }
  }

  /// Rule 4.2, from version 8 on. That the signature is there is checked here; that it is good was
  /// checked on receipt with the others, as it takes the other server's key.
  private func checkAuthoriserSignature() throws(AuthRejection) {
    guard rules.allowsRestrictedJoins,
      event.content["join_authorised_via_users_server"] != nil
    else { return }
    guard let user = event.joinAuthoriser,
      let signatures = event.json["signatures"]?[user.serverName.text], signatures.count > 0
    else { throw AuthRejection(.memberAuthoriserSignature) }
  }

  /// Nil for a rule that this version does not know, and for what is no text.
  private var joinRule: JoinRule? {
    guard let rule = state.event(.joinRules)?.content["join_rule"] else { return .invite }
    return rule.string.flatMap { JoinRule(rawValue: $0) }
      .flatMap { rules.joinRules.contains($0) ? $0 : nil }
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
    case .invite, .knock:
      guard isInside else { throw AuthRejection(.joinNotInvited) }
    // Rule 4.3.5.
    case .restricted, .knockRestricted:
      guard isInside || isAuthorisedByMember else { throw AuthRejection(.joinNotAuthorised) }
    // Rule 4.3.6.
    case .public: return
    // Rule 4.3.7.
    case nil: throw AuthRejection(.joinRule)
    }
  }

  /// Up to version 10 the content names the creator, then it is the sender; the additional creators
  /// of version 12 are not meant.
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
      case Membership.invite, Membership.join: return
      case Membership.knock where rules.allowsKnocking: return
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
    guard rule == .knock || rule == .knockRestricted else {
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
