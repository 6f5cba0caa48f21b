package import MatrixIdentifiers
package import MatrixJSON

/// Which state events a new event must cite as its `auth_events`, where they exist.
///
/// spec: server-server-api#auth-events-selection
package func authEventKeys(
  type: String, stateKey: String?, sender: UserID, content: JSONView, version: RoomVersion
) -> [StateTuple] {
  guard type != EventType.create else { return [] }
  var keys = [StateTuple.powerLevels, .member(sender)]
  if !version.rules.roomIDIsCreateHash { keys.append(.create) }
  guard type == EventType.member, let target = stateKey else { return keys }

  let membership = content["membership"]?.string
  if !sameBytes(target, sender.text) { keys.append(StateTuple(EventType.member, target)) }
  switch membership {
  case Membership.join, Membership.invite, Membership.knock: keys.append(.joinRules)
  default: break
  }
  if membership == Membership.invite,
    let token = content["third_party_invite"]?["signed"]?["token"]?.string
  {
    keys.append(StateTuple(EventType.thirdPartyInvite, token))
  }
  if membership == Membership.join, version.rules.allowsRestrictedJoins,
    let authoriser = content["join_authorised_via_users_server"]?.string
  {
    let member = StateTuple(EventType.member, authoriser)
    if !keys.contains(member) { keys.append(member) }
  }
  return keys
}

extension Event {
  /// The state events that this event should cite.
  package var authEventKeys: [StateTuple] {
    RoomEvents.authEventKeys(
      type: type, stateKey: stateKey, sender: sender, content: content, version: version)
  }
}
