/// Every rule by which an event can be refused, named after what it protects.
package enum AuthRule: String, CaseIterable, Sendable {
  case createPrevEvents = "create.prev_events"
  case createRoomDomain = "create.room_domain"
  case createRoomID = "create.room_id"
  case createRoomVersion = "create.room_version"
  case createCreator = "create.creator"
  case createAdditionalCreators = "create.additional_creators"

  case authEventsDuplicate = "auth_events.duplicate"
  case authEventsUnexpected = "auth_events.unexpected"
  case authEventsRejected = "auth_events.rejected"
  case authEventsNoCreate = "auth_events.no_create"
  case authEventsOtherRoom = "auth_events.other_room"

  case roomNoCreate = "room.no_create"
  case roomNotFederated = "room.not_federated"

  case aliasesStateKey = "aliases.state_key"
  case aliasesServer = "aliases.server"

  case memberStateKey = "member.state_key"
  case memberMembership = "member.membership"
  case memberAuthoriserSignature = "member.authoriser_signature"
  case memberUnknown = "member.unknown"

  case joinSender = "join.sender"
  case joinBanned = "join.banned"
  case joinNotInvited = "join.not_invited"
  case joinNotAuthorised = "join.not_authorised"
  case joinRule = "join.rule"

  case thirdPartyBanned = "invite_3pid.banned"
  case thirdPartyUnsigned = "invite_3pid.unsigned"
  case thirdPartyIncomplete = "invite_3pid.incomplete"
  case thirdPartyTarget = "invite_3pid.target"
  case thirdPartyToken = "invite_3pid.token"
  case thirdPartySender = "invite_3pid.sender"
  case thirdPartySignature = "invite_3pid.signature"

  case inviteSenderNotJoined = "invite.sender_not_joined"
  case inviteTarget = "invite.target"
  case inviteLevel = "invite.level"

  case leaveOwn = "leave.own"
  case leaveSenderNotJoined = "leave.sender_not_joined"
  case leaveUnban = "leave.unban"
  case leaveKick = "leave.kick"

  case banSenderNotJoined = "ban.sender_not_joined"
  case banLevel = "ban.level"

  case knockRule = "knock.rule"
  case knockSender = "knock.sender"
  case knockMembership = "knock.membership"

  case senderNotJoined = "sender.not_joined"
  case thirdPartyInviteLevel = "third_party_invite.level"
  case eventLevel = "event.level"
  case eventStateKey = "event.state_key"

  case levelsNotInteger = "power_levels.not_integer"
  case levelsMap = "power_levels.map"
  case levelsUsers = "power_levels.users"
  case levelsCreators = "power_levels.creators"
  case levelsCurrent = "power_levels.current"
  case levelsNew = "power_levels.new"
  case levelsEntryCurrent = "power_levels.entry_current"
  case levelsEntryNew = "power_levels.entry_new"
  case levelsUserCurrent = "power_levels.user_current"
  case levelsUserNew = "power_levels.user_new"

  case redactionLevel = "redaction.level"
}
