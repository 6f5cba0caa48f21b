import MatrixIdentifiers
import MatrixJSON
import RoomEvents

/// The events that a new room begins with, in the order that the specification gives.
/// spec: client-server-api#post_matrixclientv3createroom
struct NewRoomState {
  let options: RoomOptions
  let creator: UserID
  let alias: RoomAlias?

  /// The content of the create event.
  var createContent: JSONObject {
    var content = options.creationContent
    content["room_version"] = .string(options.version.id)
    content["creator"] = nil
    if options.version.rules.creatorProperty == .content {
      content["creator"] = .string(creator.text)
    }
    if options.preset == .trustedPrivateChat, hasPrivilegedCreators, !options.invites.isEmpty {
      let named = content["additional_creators"]?.array?.compactMap(\.string) ?? []
      let all = Set(named).union(options.invites.map(\.text)).subtracting([creator.text])
      content["additional_creators"] = .array(all.sorted().map { .string($0) })
    }
    return content
  }

  /// Everything between the creator's join and the invitations.
  /// - Throws: when what overrides the power levels has no canonical form.
  var settings: [RoomOptions.State] {
    get throws(JSONError) {
      let levels = try JSONDocument(powerLevels.bytes).root
      return [try RoomOptions.State(type: EventType.powerLevels, stateKey: "", content: levels)]
        + otherSettings
    }
  }

  private var otherSettings: [RoomOptions.State] {
    var settings: [RoomOptions.State] = []
    if let alias {
      settings.append(
        state(EventType.canonicalAlias, ["alias": .string(alias.text)]))
    }
    let chosen = Set(options.initialState.map { StateTuple($0.type, $0.stateKey) })
    settings += presetState.filter { !chosen.contains(StateTuple($0.type, $0.stateKey)) }
    settings += options.initialState
    if let name = options.name { settings.append(state(EventType.name, ["name": .string(name)])) }
    if let topic = options.topic {
      settings.append(state(EventType.topic, topicContent(topic)))
    }
    return settings
  }

  private var hasPrivilegedCreators: Bool {
    options.version.rules.creatorsArePrivileged
  }

  private var presetState: [RoomOptions.State] {
    let isPublic = options.preset == .publicChat
    var preset = [
      state(EventType.joinRules, ["join_rule": isPublic ? "public" : "invite"]),
      state(EventType.historyVisibility, ["history_visibility": "shared"]),
    ]
    if !isPublic {
      preset.append(state(EventType.guestAccess, ["guest_access": "can_join"]))
    }
    return preset
  }

  private var powerLevels: JSONObject {
    var users: [String: JSON] = hasPrivilegedCreators ? [:] : [creator.text: 100]
    if options.preset == .trustedPrivateChat, !hasPrivilegedCreators {
      for user in options.invites { users[user.text] = 100 }
    }
    var content: JSONObject = [
      "ban": 50, "kick": 50, "redact": 50, "state_default": 50, "events_default": 0,
      "users_default": 0, "invite": options.preset == .publicChat ? 50 : 0,
      "users": .object(users),
      "events": [
        "m.room.avatar": 50, "m.room.canonical_alias": 50, "m.room.encryption": 100,
        "m.room.history_visibility": 100, "m.room.name": 50, "m.room.power_levels": 100,
        "m.room.server_acl": 100, "m.room.tombstone": hasPrivilegedCreators ? 150 : 100,
      ],
    ]
    content.merge(options.powerLevelOverride)
    return content
  }

  /// spec: client-server-api#mroomtopic
  private func topicContent(_ topic: String) -> [String: JSON] {
    [
      "topic": .string(topic),
      "m.topic": ["m.text": [["mimetype": "text/plain", "body": .string(topic)]]],
    ]
  }

  private func state(_ type: String, _ content: [String: JSON]) -> RoomOptions.State {
    RoomOptions.State(type: type, stateKey: "", content: .object(content))
  }
}
