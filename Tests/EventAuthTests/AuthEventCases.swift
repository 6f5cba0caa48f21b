import EventAuth
import MatrixIdentifiers
import MatrixJSON
import RoomEvents

enum AuthEventCases {
  private static let named = [RoomVersion].upTo(11)

  static let all: [AuthCase] =
    selected + strange + [
      .refused(.authEventsDuplicate, "the same state twice") { room in
        try cite(&room, adding: [try room.member(Person.member, Person.member, "join")])
      },
      .refused(.authEventsRejected, "a rejected member event") { room in
        let event = try cite(&room)
        room.rejected = Set(room.cited?.filter { $0.type == EventType.member }.map(\.eventID) ?? [])
        return event
      },
      .refused(.authEventsRejected, "rejected power levels") { room in
        let event = try cite(&room)
        room.rejected = Set(room.state[.powerLevels].map { [$0.eventID] } ?? [])
        return event
      },
      .refused(.authEventsNoCreate, "no create event", in: named) {
        try cite(&$0, dropping: EventType.create)
      },
      .refused(.authEventsNoCreate, "nothing at all", in: named) { room in
        room.cited = []
        return try room.event(Person.member, EventType.message)
      },
      .allowed("auth_events", "nothing at all: the room ID implies the create event", in: [.v12]) {
        room in
        room.cited = []
        return try room.event(Person.member, EventType.message)
      },
      .refused(.authEventsOtherRoom, "power levels of another room") { room in
        let other = try TestRoom.build(
          room.version, room.key, "!31hneApxJ_1o-63DmFrpeqnkFfWppnzWso1JvH3ogLM", Person.creator,
          EventType.powerLevels, "", [:], previous: [])
        return try cite(&room, dropping: EventType.powerLevels, adding: [other])
      },
    ]

  private static let selected: [AuthCase] = [
    .allowed("auth_events", "the selection for a message") { try cite(&$0) },
    .allowed("auth_events", "the selection for an invite") { room in
      try select(&room, try room.member(Person.member, Person.invited, "invite"))
    },
    .allowed("auth_events", "the selection for a ban") { room in
      try select(&room, try room.member(Person.moderator, Person.member, "ban"))
    },
    .allowed("auth_events", "the selection for a restricted join", in: .from(8)) { room in
      try select(&room, try restrictedJoin(room))
    },
    .allowed("auth_events", "less than the selection") {
      try cite(&$0, dropping: EventType.powerLevels)
    },
    .allowed("auth_events", "none for a create event") { room in
      room.cited = []
      return room.create
    },
  ]

  private static let strange: [AuthCase] = [
    .refused(.authEventsUnexpected, "a message") { room in
      try cite(&room, adding: [try room.event(Person.member, EventType.message)])
    },
    .refused(.authEventsUnexpected, "the room's name") { room in
      try cite(&room, adding: [try room.event(Person.creator, EventType.name, "")])
    },
    .refused(.authEventsUnexpected, "somebody else's membership") { room in
      try cite(&room, adding: [try room.member(Person.other, Person.other, "join")])
    },
    .refused(.authEventsUnexpected, "join rules for a message") { room in
      try cite(&room, adding: [try room.event(Person.creator, EventType.joinRules, "")])
    },
    .refused(.authEventsUnexpected, "the create event, which the room ID implies", in: [.v12]) {
      room in try cite(&room, adding: [room.create])
    },
    .refused(.authEventsUnexpected, "one who authorises, before that was known", in: .upTo(7)) {
      room in
      let authoriser = try room.member(Person.member, Person.member, "join")
      let event = try select(&room, try restrictedJoin(room))
      room.cited?.append(authoriser)
      return event
    },
  ]

  private static func restrictedJoin(_ room: TestRoom) throws -> Event {
    try room.member(
      Person.outsider, Person.outsider, "join",
      ["join_authorised_via_users_server": .string(Person.member)])
  }

  private static func select(_ room: inout TestRoom, _ event: Event) throws -> Event {
    room.cited = room.selection(for: event)
    return event
  }

  /// A message with what it should cite, but for some.
  private static func cite(
    _ room: inout TestRoom, dropping type: String? = nil, adding more: [Event] = []
  ) throws -> Event {
    let event = try room.event(Person.member, EventType.message)
    room.cited = room.selection(for: event).filter { $0.type != type } + more
    return event
  }
}
