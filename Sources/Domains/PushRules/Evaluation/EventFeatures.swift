import EventAuth
import MatrixIdentifiers
import MatrixJSON
import RoomEvents

/// What rules look at beside the event itself.
struct PushContext: Sendable {
  /// Joined members, of all servers.
  let memberCount: Int
  let powerLevels: PowerLevels
}

/// An event as rules see it, taken apart once for all users.
struct EventFeatures {
  /// What the patterns of one user may cost with one event, in steps of a nanosecond or so: rules
  /// made to be slow do not hold up the room.
  static let stepLimit = 2_000_000

  let event: Event
  let context: PushContext
  /// Folded; nil when it is no string.
  let body: [UInt8]?
  /// Folded.
  let roomID: [UInt8]
  /// Of the rules that do not depend on the user, those that match.
  let shared: PredefinedRules
  /// The users named in `m.mentions`, each once.
  let mentions: Set<String>
  /// Whether names in the body count as mentions.
  /// spec: client-server-api#user-and-room-mentions
  let readsNames: Bool
  /// Folded state key of an invitation.
  let invited: [UInt8]?

  init(_ event: Event, _ context: PushContext) {
    self.event = event
    self.context = context
    let content = event.content
    let mentions = content["m.mentions"]
    let type = FoldedText.fold(event.type)
    body = content["body"]?.string.map(FoldedText.fold)
    roomID = FoldedText.fold(event.roomID.text)
    readsNames = mentions == nil
    self.mentions = Set(
      mentions?["user_ids"]?.elements.lazy.compactMap(\.string) ?? [].lazy.compactMap { $0 })
    invited =
      type.elementsEqual("m.room.member".utf8)
        && content["membership"]?.string.map(FoldedText.fold)?.elementsEqual("invite".utf8) == true
      ? event.stateKey.map(FoldedText.fold) : nil
    shared = Self.shared(event, type, body, context)
  }

  /// The level that the sender has for notifying everybody in some way.
  func senderMayNotify(_ key: String) -> Bool {
    Self.mayNotify(key, event.sender, context)
  }

  private static func mayNotify(_ key: String, _ sender: UserID, _ context: PushContext) -> Bool {
    context.powerLevels.level(of: sender) >= context.powerLevels.requiredForNotification(key)
  }

  private static func shared(
    _ event: Event, _ type: [UInt8], _ body: [UInt8]?, _ context: PushContext
  ) -> PredefinedRules {
    let content = event.content
    var rules: PredefinedRules = [PredefinedRules(.master)]
    func match(_ rule: PredefinedRule, _ condition: Bool) {
      if condition { rules.insert(PredefinedRules(rule)) }
    }
    match(
      .suppressNotices,
      content["msgtype"]?.string.map(FoldedText.fold)?.elementsEqual("m.notice".utf8) == true)
    match(
      .suppressEdits, content["m.relates_to"]?["rel_type"]?.stringEquals("m.replace") == true)
    if let mentions = content["m.mentions"] {
      match(
        .isRoomMention,
        mentions["room"]?.bool == true && mayNotify("room", event.sender, context))
    } else if let body {
      match(
        .roomNotification,
        NameIndex.contains(roomMention, in: body) && mayNotify("room", event.sender, context))
    }
    let isWholeRoom = event.stateKey?.isEmpty == true
    let isOneToOne = context.memberCount == 2
    switch String(decoding: type, as: UTF8.self) {
    case "m.room.message":
      match(.message, true)
      match(.oneToOne, isOneToOne)
    case "m.room.encrypted":
      match(.encrypted, true)
      match(.encryptedOneToOne, isOneToOne)
    case "m.room.member": match(.memberEvent, true)
    case "m.room.tombstone": match(.tombstone, isWholeRoom)
    case "m.reaction": match(.reaction, true)
    case "m.room.server_acl": match(.serverACL, isWholeRoom)
    case "m.call.invite": match(.call, true)
    default: break
    }
    return rules
  }

  private static let roomMention = FoldedText.fold("@room")
}

extension EventFeatures {
  /// Of the rules that depend on the user, those that match.
  func personal(_ user: PushSubject) -> PredefinedRules {
    var rules: PredefinedRules = []
    if mentions.contains(user.id.text) { rules.insert(PredefinedRules(.isUserMention)) }
    if let invited, invited == user.foldedID { rules.insert(PredefinedRules(.inviteForMe)) }
    guard readsNames, let body else { return rules }
    if NameIndex.contains(user.displayName, in: body) {
      rules.insert(PredefinedRules(.containsDisplayName))
    }
    if NameIndex.contains(user.localpart, in: body) {
      rules.insert(PredefinedRules(.containsUserName))
    }
    return rules
  }

  /// - Parameter steps: what the user's patterns may still cost.
  func fulfils(_ condition: PushCondition, _ user: PushSubject, steps: inout Int) -> Bool {
    switch condition {
    case .eventMatch(let path, let pattern):
      if path.isBody {
        return body.map { pattern.matchesWords(of: $0, steps: &steps) } ?? false
      }
      guard let text = string(at: path) else { return false }
      return pattern.matches(text, steps: &steps)
    case .propertyIs(let path, let value):
      if let text = special(path) { return value == .string(text) }
      return path.value(in: event.json).map(value.isSame) ?? false
    case .propertyContains(let path, let value):
      return path.value(in: event.json)?.elements.contains(where: value.isSame) ?? false
    case .containsDisplayName:
      return body.map { NameIndex.contains(user.displayName, in: $0) } ?? false
    case .memberCount(let comparison, let count):
      return comparison.holds(context.memberCount, count)
    case .senderPermission(let key):
      return senderMayNotify(key)
    case .never:
      return false
    }
  }

  /// Folded.
  private func string(at path: PropertyPath) -> [UInt8]? {
    if path.isTop("room_id") { return roomID }
    return (special(path) ?? path.value(in: event.json)?.string).map(FoldedText.fold)
  }

  /// What clients see in an event although its room version leaves it out of the PDU.
  private func special(_ path: PropertyPath) -> String? {
    if path.isTop("event_id") { return event.eventID.text }
    return path.isTop("room_id") ? event.roomID.text : nil
  }
}
