/// Types of events that the server itself acts on.
package enum EventType {
  package static let create = "m.room.create"
  package static let member = "m.room.member"
  package static let joinRules = "m.room.join_rules"
  package static let powerLevels = "m.room.power_levels"
  package static let thirdPartyInvite = "m.room.third_party_invite"
  package static let historyVisibility = "m.room.history_visibility"
  package static let redaction = "m.room.redaction"
  package static let aliases = "m.room.aliases"
  package static let guestAccess = "m.room.guest_access"
  package static let name = "m.room.name"
  package static let topic = "m.room.topic"
  package static let avatar = "m.room.avatar"
  package static let canonicalAlias = "m.room.canonical_alias"
  package static let tombstone = "m.room.tombstone"
  package static let message = "m.room.message"
  /// An event that says nothing: it joins the ends of a room's history. Synapse's name.
  package static let dummy = "org.matrix.dummy_event"
}

/// Values of `membership` in `m.room.member`.
package enum Membership {
  package static let join = "join"
  package static let invite = "invite"
  package static let leave = "leave"
  package static let ban = "ban"
  package static let knock = "knock"
}
