package import MatrixIdentifiers
import MatrixJSON
import RoomEvents

/// A user of this server who is joined to a room.
package struct LocalMember: Sendable {
  package let userID: UserID
  /// In the room.
  package let displayName: String?

  package init(userID: UserID, displayName: String?) {
    self.userID = userID
    self.displayName = displayName
  }
}

/// A user who is not in a room but whom an event of the room concerns.
struct PushOutsider: Sendable {
  let rules: CompiledRuleset?
  /// What is recorded of the user in this room.
  let follows: Bool
}

/// The users of this server in one room, by what its events can mean to them. Nobody is looked at
/// one by one but those with rules of their own and those whom an event names.
struct RoomAudience: Sendable {
  private struct Member: Sendable {
    /// Folded; empty for none.
    let displayName: [UInt8]
    let rules: RulesOfMember?
  }

  /// A member whose rules matter in this room.
  private struct RulesOfMember: Sendable {
    let subject: PushSubject
    let compiled: CompiledRuleset
  }

  private let room: RoomID
  private let foldedRoom: [UInt8]
  /// Joined members, of all servers.
  private(set) var memberCount: Int
  private var members: [UserID: Member] = [:]
  private var withRules: Set<UserID> = []
  /// Of the members with predefined rules.
  private var names = NameIndex()
  /// Members whose counts do not follow the room's, as recorded.
  private var apart: Set<UserID>
  /// Of the members with rules of their own, those who had better not follow.
  private var shouldBeApart: Set<UserID> = []
  /// The number of members that `shouldBeApart` was found with; nil when it has to be found anew.
  private var decidedAt: Int?
  /// Up to where changes of rules are known.
  var rulesAsOf: UInt64

  init(_ room: RoomID, memberCount: Int, apart: Set<UserID> = [], rulesAsOf: UInt64) {
    self.room = room
    self.memberCount = memberCount
    foldedRoom = FoldedText.fold(room.text)
    self.apart = apart
    self.rulesAsOf = rulesAsOf
  }

  var count: Int { members.count }

  var users: [UserID] { Array(members.keys) }

  func contains(_ user: UserID) -> Bool {
    members[user] != nil
  }

  mutating func insert(_ user: UserID, displayName: String?, rules: CompiledRuleset?) {
    insert(user, FoldedText.fold(displayName ?? ""), rules)
  }

  /// The user's rules have changed.
  mutating func setRules(_ rules: CompiledRuleset?, of user: UserID) {
    guard let member = members[user] else { return }
    insert(user, member.displayName, rules)
  }

  private mutating func insert(
    _ user: UserID, _ displayName: [UInt8], _ rules: CompiledRuleset?
  ) {
    remove(user)
    let subject = PushSubject(user, displayName: displayName)
    if let rules, !rules.isPlain(inRoom: foldedRoom) {
      members[user] = Member(
        displayName: displayName, rules: RulesOfMember(subject: subject, compiled: rules))
      withRules.insert(user)
      decidedAt = nil
    } else {
      members[user] = Member(displayName: displayName, rules: nil)
      names.insert(displayName, .displayName, of: user)
      names.insert(subject.localpart, .localpart, of: user)
    }
  }

  mutating func remove(_ user: UserID) {
    guard let member = members.removeValue(forKey: user) else { return }
    if member.rules != nil {
      withRules.remove(user)
      shouldBeApart.remove(user)
    } else {
      names.remove(member.displayName, .displayName, of: user)
      names.remove(FoldedText.fold(user.localpart), .localpart, of: user)
    }
  }
}

// Evaluating events.
extension RoomAudience {
  /// - Parameters:
  ///   - ignoring: the users who ignore the sender.
  ///   - outsiders: users of this server that the event invites.
  mutating func evaluate(
    _ event: Event, _ context: PushContext, ignoring: Set<UserID>,
    outsiders: [UserID: PushOutsider]
  ) -> EventPush {
    let evaluator = RulesetEvaluator(EventFeatures(event, context))
    let shared = evaluator.shared
    let turns = turn(context)
    var verdicts = named(evaluator)
    for user in withRules {
      guard let rules = members[user]?.rules else { continue }
      verdicts[user] = .some(evaluator.evaluate(rules.compiled, rules.subject))
    }
    for user in ignoring where members[user] != nil { verdicts[user] = .some(nil) }
    verdicts[event.sender] = nil
    var differences = verdicts.compactMap { user, actions -> EventPush.Difference? in
      let follows = !apart.contains(user)
      guard actions != (follows ? shared : nil) else { return nil }
      return EventPush.Difference(user: user, actions: actions, follows: follows)
    }
    if let invitation = invitation(evaluator, ignoring: ignoring, outsiders: outsiders) {
      differences.append(invitation)
    }
    differences.sort { $0.user < $1.user }
    return EventPush(shared: shared, differences: differences, turns: turns)
  }

  /// Takes a membership of this room as it is after the event.
  /// - Returns: the user whom the event brought into the room.
  mutating func apply(
    _ event: Event, previousMembership: String?, outsiders: [UserID: PushOutsider]
  ) -> UserID? {
    guard let membership = event.membership, let user = event.stateKey.flatMap({ UserID($0) })
    else { return nil }
    memberCount += membership == Membership.join ? 1 : 0
    memberCount -= previousMembership == Membership.join ? 1 : 0
    let known = members[user]
    guard membership == Membership.join else {
      remove(user)
      return nil
    }
    let name = event.content["displayname"]?.string
    if let known {
      insert(user, FoldedText.fold(name ?? ""), known.rules?.compiled)
      return nil
    }
    guard let outsider = outsiders[user] else { return nil }
    insert(user, displayName: name, rules: outsider.rules)
    if outsider.follows { apart.remove(user) } else { apart.insert(user) }
    return user
  }

  /// What the event means to members with the predefined rules whom it names.
  private func named(_ evaluator: RulesetEvaluator) -> [UserID: PushActionList?] {
    let features = evaluator.features
    var rules: [UserID: PredefinedRules] = [:]
    for text in features.mentions {
      guard let user = UserID(text) else { continue }
      rules[user, default: []].insert(PredefinedRules(.isUserMention))
    }
    if let invited = features.invited, let user = UserID(String(decoding: invited, as: UTF8.self)) {
      rules[user, default: []].insert(PredefinedRules(.inviteForMe))
    }
    if features.readsNames, let body = features.body {
      for hit in names.hits(in: body) {
        rules[hit.user, default: []].insert(
          PredefinedRules(hit.kind == .displayName ? .containsDisplayName : .containsUserName))
      }
    }
    var verdicts: [UserID: PushActionList?] = [:]
    for (user, personal) in rules {
      guard let member = members[user], member.rules == nil else { continue }
      verdicts[user] = .some(evaluator.plain(personal: personal))
    }
    return verdicts
  }

  private func invitation(
    _ evaluator: RulesetEvaluator, ignoring: Set<UserID>, outsiders: [UserID: PushOutsider]
  ) -> EventPush.Difference? {
    guard evaluator.features.invited != nil,
      let user = evaluator.features.event.stateKey.flatMap({ UserID($0) }),
      members[user] == nil, !ignoring.contains(user), let outsider = outsiders[user]
    else { return nil }
    let subject = PushSubject(user, displayName: [])
    let actions =
      outsider.rules.map { evaluator.evaluate($0, subject) }
      ?? evaluator.plain(personal: evaluator.features.personal(subject))
    return actions.map { EventPush.Difference(user: user, actions: $0, follows: false) }
  }

  /// Decides whose counts follow the room's, and takes note of those for whom that changes.
  ///
  /// A member for whom a message does what it does for most follows; what differs is written for
  /// each event. Who muted the room, or hears only of mentions, does not follow: then only what
  /// notifies is written. Both ways count the same.
  private mutating func turn(_ context: PushContext) -> [EventPush.Turn] {
    if decidedAt != context.memberCount {
      shouldBeApart = Set(withRules.filter { !hearsMessages($0, context) })
      decidedAt = context.memberCount
    }
    guard apart != shouldBeApart else { return [] }
    let changed = apart.symmetricDifference(shouldBeApart).filter { members[$0] != nil }
    for user in changed {
      if apart.remove(user) == nil { apart.insert(user) }
    }
    return changed.sorted().map { EventPush.Turn(user: $0, follows: !apart.contains($0)) }
  }

  private func hearsMessages(_ user: UserID, _ context: PushContext) -> Bool {
    guard let rules = members[user]?.rules, let message = SampleMessage.event(in: room) else {
      return true
    }
    let evaluator = RulesetEvaluator(EventFeatures(message, context))
    let actions = evaluator.evaluate(rules.compiled, rules.subject)
    return (actions == nil) == (evaluator.shared == nil)
  }
}

/// A message that nothing is special about.
private enum SampleMessage {
  static func event(in room: RoomID) -> Event? {
    let json: JSON = [
      "auth_events": [], "prev_events": [], "depth": 1, "hashes": ["sha256": ""],
      "content": ["body": "", "m.mentions": [:], "msgtype": "m.text"],
      "origin_server_ts": 0, "room_id": .string(room.text), "sender": "@:nobody",
      "signatures": [:], "type": .string(EventType.message),
    ]
    return EventID("$sample").flatMap {
      try? Event(bytes: json.bytes, version: .default, eventID: $0)
    }
  }
}
