import EventAuth
import MatrixIdentifiers
import MatrixJSON
import RoomEvents

/// What a room that is upgraded was.
struct OldRoom {
  let roomID: RoomID
  let create: Event
  /// Of the types that are carried over, by their types.
  let settings: [String: Event]
  var children: [StoredEvent]
  let bans: [StoredEvent]
  /// The last event of the room.
  let lastEvent: EventID?

  /// What is carried over, in the order in which it is written.
  static let types = [
    EventType.joinRules, EventType.historyVisibility, EventType.guestAccess, EventType.name,
    EventType.topic, EventType.avatar, "m.room.encryption", "m.room.server_acl",
    "m.room.related_groups", EventType.canonicalAlias,
  ]
  static let spaceChild = "m.space.child"

  var levels: PowerLevels {
    PowerLevels(event: settings[EventType.powerLevels], create: create)
  }

  var isSpace: Bool { create.content["type"]?.string == "m.space" }
}

/// What the room that takes its place begins with.
/// spec: client-server-api#room-upgrades
struct UpgradedState {
  /// Of the bans and of a space's rooms: all of a new room's first state is one request.
  private static let carriedBytes = 4 << 20

  let old: OldRoom
  let version: RoomVersion
  let upgrader: UserID
  let additionalCreators: [UserID]

  var createContent: JSON {
    var content: [String: JSON] = ["room_version": .string(version.id)]
    if version.rules.creatorProperty == .content { content["creator"] = .string(upgrader.text) }
    var predecessor: [String: JSON] = ["room_id": .string(old.roomID.text)]
    if !version.rules.roomIDIsCreateHash, let event = old.lastEvent {
      predecessor["event_id"] = .string(event.text)
    }
    content["predecessor"] = .object(predecessor)
    for key in ["type", "m.federate"] {
      if let value = old.create.content[key] { content[key] = JSON(value) }
    }
    if version.rules.creatorsArePrivileged, !additionalCreators.isEmpty {
      content["additional_creators"] = .array(additionalCreators.map { .string($0.text) })
    }
    return .object(content)
  }

  /// Everything after the upgrader's join.
  var intents: [EventIntent] {
    var settings = OldRoom.types.compactMap { type in
      old.settings[type].map { intent(type, "", content(of: $0)) }
    }
    var room = Self.carriedBytes
    settings += (children + bans).prefix { intent in
      room -= intent.content.count
      return room >= 0
    }
    guard let levels else { return settings }
    return [intent(EventType.powerLevels, "", levels.first)] + settings
      + (levels.last.map { [intent(EventType.powerLevels, "", $0)] } ?? [])
  }

  private var children: [EventIntent] {
    old.children.compactMap { child in
      guard child.event.content["via"]?.count ?? 0 > 0 else { return nil }
      return intent(OldRoom.spaceChild, child.event.stateKey ?? "", JSON(child.event.content))
    }
  }

  private var bans: [EventIntent] {
    old.bans.compactMap { ban in
      guard let target = ban.event.stateKey, target != upgrader.text else { return nil }
      var content: [String: JSON] = ["membership": .string(Membership.ban)]
      if let reason = ban.event.content["reason"]?.string { content["reason"] = .string(reason) }
      return intent(EventType.member, target, .object(content))
    }
  }

  private var levels: UpgradedPowerLevels? {
    guard let event = old.settings[EventType.powerLevels] else { return nil }
    let creators = RoomCreators(old.create)
    var types = Set(old.settings.keys)
    if !old.bans.isEmpty { types.insert(EventType.member) }
    if !old.children.isEmpty { types.insert(OldRoom.spaceChild) }
    return UpgradedPowerLevels(
      event.content, oldCreators: creators.arePrivileged ? creators.users : [],
      newCreators: [upgrader] + additionalCreators, version: version, types: types)
  }

  /// A join rule that the new version does not know lets in whom members invite.
  private func content(of event: Event) -> JSON {
    guard event.type == EventType.joinRules,
      let rule = event.content["join_rule"]?.string.flatMap({ JoinRule(rawValue: $0) }),
      !version.rules.joinRules.contains(rule)
    else { return JSON(event.content) }
    return ["join_rule": .string(JoinRule.invite.rawValue)]
  }

  private func intent(_ type: String, _ stateKey: String, _ content: JSON) -> EventIntent {
    EventIntent(type: type, stateKey: stateKey, sender: upgrader, content: content.bytes)
  }
}
