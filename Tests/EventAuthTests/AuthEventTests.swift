import EventAuth
import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import Testing

@Suite struct AuthEventTests {
  private func rejection(
    _ event: Event, _ cited: [Event], rejected: Set<EventID> = []
  ) -> String? {
    do {
      try checkAuthEvents(of: event, cited, isRejected: rejected.contains)
      return nil
    } catch {
      return error.rule
    }
  }

  private func cited(_ room: TestRoom, for event: Event) -> [Event] {
    event.authEventKeys.compactMap { room.state[$0] }
  }

  @Test(arguments: RoomVersion.all) func theSelectionIsAccepted(version: RoomVersion) throws {
    let room = try TestRoom(version)
    for event in [
      try room.event(Person.member, EventType.message),
      try room.member(Person.member, Person.invited, "invite"),
      try room.member(Person.moderator, Person.member, "ban"),
      room.create,
    ] {
      #expect(rejection(event, cited(room, for: event)) == nil)
    }
  }

  @Test(arguments: RoomVersion.all) func theSameStateTwice(version: RoomVersion) throws {
    let room = try TestRoom(version)
    let event = try room.event(Person.member, EventType.message)
    let twice = cited(room, for: event) + [try room.member(Person.member, Person.member, "join")]
    #expect(rejection(event, twice) == AuthRule.authEventsDuplicate.rawValue)
  }

  @Test(arguments: RoomVersion.all) func whatMayNotBeCited(version: RoomVersion) throws {
    let room = try TestRoom(version)
    let event = try room.event(Person.member, EventType.message)
    var strange = [
      try room.event(Person.member, EventType.message),
      try room.event(Person.creator, EventType.name, ""),
      try room.member(Person.other, Person.other, "join"),
      try room.event(Person.creator, EventType.joinRules, ""),
    ]
    if version == .v12 { strange.append(room.create) }
    for one in strange {
      let list = cited(room, for: event) + [one]
      #expect(rejection(event, list) == AuthRule.authEventsUnexpected.rawValue)
    }
  }

  @Test(arguments: RoomVersion.all) func rejectedAuthEvents(version: RoomVersion) throws {
    let room = try TestRoom(version)
    let event = try room.event(Person.member, EventType.message)
    let list = cited(room, for: event)
    for one in list {
      #expect(
        rejection(event, list, rejected: [one.eventID]) == AuthRule.authEventsRejected.rawValue)
    }
  }

  @Test(arguments: RoomVersion.all) func withoutTheCreateEvent(version: RoomVersion) throws {
    let room = try TestRoom(version)
    let event = try room.event(Person.member, EventType.message)
    let list = cited(room, for: event).filter { $0.type != EventType.create }
    #expect(
      rejection(event, list) == (version == .v12 ? nil : AuthRule.authEventsNoCreate.rawValue))
  }

  @Test(arguments: RoomVersion.all) func eventsOfAnotherRoom(version: RoomVersion) throws {
    let room = try TestRoom(version)
    let event = try room.event(Person.member, EventType.message)
    let other = try TestRoom.build(
      version, room.key, "!31hneApxJ_1o-63DmFrpeqnkFfWppnzWso1JvH3ogLM", Person.creator,
      EventType.powerLevels, "", [:], previous: [])
    let list = cited(room, for: event).filter { $0.type != EventType.powerLevels } + [other]
    #expect(rejection(event, list) == AuthRule.authEventsOtherRoom.rawValue)
  }
}
