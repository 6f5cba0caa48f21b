import MatrixIdentifiers
import MatrixJSON
package import RoomEvents

/// Whether an event is allowed by a room's state. One function for local and remote events.
///
/// The rules on the list of auth events itself are in `checkAuthEvents`, as they need that list
/// and not the state. Which rules a room version has is data in its `RoomVersionRules`. Numbers in
/// the comments of the rules are those of room version 11 where they name no other; versions that
/// have more rules or fewer count differently.
///
/// spec: rooms/v1#authorisation-rules up to rooms/v12#authorisation-rules
package func authorise(_ event: Event, state: some AuthState) throws(AuthRejection) {
  if event.type == EventType.create {
    return try checkCreate(event)
  }
  try AuthorityCheck(event, state).check()
}

/// One event before one state, with what most rules ask for.
struct AuthorityCheck<State: AuthState> {
  let event: Event
  let state: State
  let create: Event
  let levels: PowerLevels
  let rules: RoomVersionRules

  init(_ event: Event, _ state: State) throws(AuthRejection) {
    // Without a create event nothing can be judged. v11 rule 2.4 sees to it in the auth events;
    // v12 rule 2: the room ID names an accepted create event.
    guard let create = state.event(.create), create.roomID == event.roomID else {
      throw AuthRejection(.roomNoCreate)
    }
    self.event = event
    self.state = state
    self.create = create
    levels = PowerLevels(event: state.event(.powerLevels), create: create)
    rules = event.version.rules
  }

  func check() throws(AuthRejection) {
    // Rule 3: a room with `m.federate` false is for the users of its creator's server.
    if create.content["m.federate"]?.bool == false,
      !event.sender.sharesServer(with: create.sender)
    {
      throw AuthRejection(.roomNotFederated)
    }
    // v1 rule 4: gone from version 6 on.
    if rules.aliasesBelongToServers, event.type == EventType.aliases {
      return try checkAliases()
    }
    // Rule 4.
    if event.type == EventType.member {
      return try checkMember()
    }
    // Rule 5: only members send anything else.
    guard membership(of: event.sender.text) == Membership.join else {
      throw AuthRejection(.senderNotJoined)
    }
    let senderLevel = levels.level(of: event.sender)
    // Rule 6: third-party invites take the invite level, and nothing else.
    if event.type == EventType.thirdPartyInvite {
      guard senderLevel >= levels.invite else { throw AuthRejection(.thirdPartyInviteLevel) }
      return
    }
    // Rule 7: the level that this type of event takes.
    guard senderLevel >= levels.required(type: event.type, isState: event.stateKey != nil) else {
      throw AuthRejection(.eventLevel)
    }
    // Rule 8: state keys that are user IDs belong to those users.
    if let stateKey = event.stateKey, stateKey.utf8.first == UInt8(ascii: "@"),
      !sameBytes(stateKey, event.sender.text)
    {
      throw AuthRejection(.eventStateKey)
    }
    // Rule 9.
    if event.type == EventType.powerLevels {
      try checkPowerLevels(senderLevel: senderLevel)
    }
    // v1 rule 11: gone from version 3 on.
    if rules.redactionsNeedAuthority, event.type == EventType.redaction {
      try checkRedaction(senderLevel: senderLevel)
    }
    // Rule 10: everything else is allowed.
  }

  /// Nil for who was never in the room.
  func membership(of user: String) -> String? {
    state.event(StateTuple(EventType.member, user))?.membership
  }
}
