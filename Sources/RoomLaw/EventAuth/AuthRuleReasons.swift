extension AuthRule {
  var reason: String {
    roomReason ?? memberReason ?? levelReason ?? rawValue
  }

  private var roomReason: String? {
    switch self {
    case .createPrevEvents: "The create event is not the first event"
    case .createRoomDomain: "The room ID and the sender of the create event differ in server"
    case .createRoomID: "The create event has a room ID"
    case .createRoomVersion: "The room version is not known"
    case .createCreator: "The create event names no creator"
    case .createAdditionalCreators: "The additional creators are not a list of user IDs"
    case .authEventsDuplicate: "Two auth events stand for the same state"
    case .authEventsUnexpected: "An auth event is not one that this event may cite"
    case .authEventsRejected: "An auth event was rejected"
    case .authEventsNoCreate: "The create event is not among the auth events"
    case .authEventsOtherRoom: "An auth event is of another room"
    case .roomNoCreate: "The room has no create event"
    case .roomNotFederated: "The room is closed to other servers"
    case .aliasesStateKey: "The aliases event has no state key"
    case .aliasesServer: "The aliases are of another server than the sender"
    case .senderNotJoined: "The sender is not in the room"
    case .thirdPartyInviteLevel: "The sender may not invite"
    case .eventLevel: "The sender's power level is too low for this type of event"
    case .eventStateKey: "The state key is another user's ID"
    case .redactionLevel: "The sender may not redact an event of another server"
    default: nil
    }
  }

  private var memberReason: String? {
    switch self {
    case .memberStateKey: "The membership event has no state key"
    case .memberMembership: "The membership event has no membership"
    case .memberAuthoriserSignature: "The join is not signed by the server that authorised it"
    case .memberUnknown: "The membership is not known"
    case .joinSender: "Nobody can join for somebody else"
    case .joinBanned: "The user is banned from the room"
    case .joinNotInvited: "The user is not invited to the room"
    case .joinNotAuthorised: "The join is not authorised by a member who may invite"
    case .joinRule: "The room's join rule allows no joins"
    case .thirdPartyBanned: "The invited user is banned from the room"
    case .thirdPartyUnsigned: "The third-party invite is not signed"
    case .thirdPartyIncomplete: "The third-party invite has no user ID or token"
    case .thirdPartyTarget: "The third-party invite is for another user"
    case .thirdPartyToken: "The third-party invite is not known in the room"
    case .thirdPartySender: "The third-party invite is somebody else's"
    case .thirdPartySignature: "The third-party invite has no valid signature"
    case .inviteSenderNotJoined: "The inviting user is not in the room"
    case .inviteTarget: "The invited user is in the room or banned from it"
    case .inviteLevel: "The sender may not invite"
    case .leaveOwn: "The user is not in the room"
    case .leaveSenderNotJoined: "The sender is not in the room"
    case .leaveUnban: "The sender may not lift bans"
    case .leaveKick: "The sender may not remove this user"
    case .banSenderNotJoined: "The sender is not in the room"
    case .banLevel: "The sender may not ban this user"
    case .knockRule: "The room's join rule allows no knocking"
    case .knockSender: "Nobody can knock for somebody else"
    case .knockMembership: "The user is in the room, invited to it or banned from it"
    default: nil
    }
  }

  private var levelReason: String? {
    switch self {
    case .levelsNotInteger: "A power level is not an integer"
    case .levelsMap: "A table of power levels holds something else than integers"
    case .levelsUsers: "The power levels of users are not a table of user IDs and integers"
    case .levelsCreators: "A creator of the room cannot have a power level"
    case .levelsCurrent: "The sender cannot change a level above their own"
    case .levelsNew: "The sender cannot raise a level above their own"
    case .levelsEntryCurrent: "The sender cannot change an entry above their own level"
    case .levelsEntryNew: "The sender cannot raise an entry above their own level"
    case .levelsUserCurrent: "The sender cannot change the level of a user who is their equal"
    case .levelsUserNew: "The sender cannot raise a user above their own level"
    default: nil
    }
  }
}
