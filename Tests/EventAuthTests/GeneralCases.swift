import EventAuth
import MatrixJSON
import RoomEvents

enum GeneralCases {
  static let all = room + member + levels

  private static let room: [AuthCase] = [
    .allowed("otherwise", "a message by a member") {
      try $0.event(Person.member, EventType.message)
    },
    .refused(.roomNoCreate, "no create event") {
      $0.state[.create] = nil
      return try $0.event(Person.member, EventType.message)
    },
    .refused(.roomNoCreate, "the create event of another room") { room in
      let other = try TestRoom(room.version, create: ["type": "m.space"])
      guard !room.version.rules.roomIDIsCreateHash else {
        room.state[.create] = other.create
        return try room.event(Person.member, EventType.message)
      }
      return try TestRoom.build(
        room.version, room.key, "!other:a.example", Person.member, EventType.message, nil, [:],
        previous: [])
    },
    .refused(.roomNotFederated, "another server's user in a closed room") { room in
      room = try TestRoom(room.version, create: ["m.federate": false])
      return try room.event(Person.remote, EventType.message)
    },
    .refused(.roomNotFederated, "another server's join in a closed room") { room in
      room = try TestRoom(room.version, create: ["m.federate": false])
      try room.setJoinRule("public")
      return try room.member("@new:b.example", "@new:b.example", "join")
    },
    .allowed("otherwise", "the server's own user in a closed room") { room in
      room = try TestRoom(room.version, create: ["m.federate": false])
      return try room.event(Person.member, EventType.message)
    },
    .allowed("otherwise", "another server's user in a room that is open by name") { room in
      room = try TestRoom(room.version, create: ["m.federate": true])
      return try room.event(Person.remote, EventType.message)
    },
  ]

  private static let member: [AuthCase] =
    [
      .refused(.memberStateKey, "membership that is not state") {
        try $0.event(Person.member, EventType.member, nil, ["membership": "join"])
      },
      .refused(.memberMembership, "membership without a value") {
        try $0.event(Person.member, EventType.member, Person.member, [:])
      },
      .refused(.memberUnknown, "a membership that nobody knows") {
        try $0.member(Person.member, Person.member, "JOIN")
      },
      .refused(.memberUnknown, "a membership that is no text") {
        try $0.member(Person.member, Person.member, 1)
      },
      .refused(
        .memberAuthoriserSignature, "a leave that pretends to be authorised", in: .from(8)
      ) {
        try $0.member(
          Person.member, Person.member, "leave",
          ["join_authorised_via_users_server": .string(Person.remote)])
      },
    ]
    + [Person.outsider, Person.invited, Person.left, Person.banned, Person.knocking].map { person in
      .refused(.senderNotJoined, "a message by \(person)") {
        try $0.event(person, EventType.message)
      }
    }

  private static let levels: [AuthCase] = [
    .refused(.eventLevel, "state by a member") {
      try $0.event(Person.member, EventType.name, "")
    },
    .allowed("otherwise", "state by a moderator") {
      try $0.event(Person.moderator, EventType.name, "")
    },
    .allowed("otherwise", "the same type when it is not state") {
      try $0.event(Person.member, EventType.name)
    },
    .refused(.eventLevel, "a type with a level of its own") {
      try $0.setLevels(["events": .object([EventType.message: 1])])
      return try $0.event(Person.member, EventType.message)
    },
    .allowed("otherwise", "state with a level of its own") {
      try $0.setLevels(["events": .object([EventType.name: 0])])
      return try $0.event(Person.member, EventType.name, "")
    },
    .refused(.eventLevel, "a default for messages") {
      try $0.setLevels(["events_default": 1])
      return try $0.event(Person.member, EventType.message)
    },
    .refused(.eventLevel, "a default for state") {
      try $0.setLevels(["state_default": 51])
      return try $0.event(Person.moderator, EventType.name, "")
    },
    .allowed("otherwise", "a default for users") {
      try $0.setLevels(["users_default": 50])
      return try $0.event(Person.member, EventType.name, "")
    },
    .refused(.eventLevel, "state by a member before there are levels") {
      $0.state[.powerLevels] = nil
      return try $0.event(Person.member, EventType.name, "")
    },
    .allowed("otherwise", "state by the creator before there are levels") {
      $0.state[.powerLevels] = nil
      return try $0.event(Person.creator, EventType.name, "")
    },
    .allowed("otherwise", "a redaction, whatever the redact level is", in: .from(3)) {
      try $0.setLevels(["redact": 100])
      return try $0.event(Person.member, EventType.redaction, redacts: "$other:b.example")
    },
    .allowed("otherwise", "the creator, whatever the level is", in: [.v12]) {
      try $0.setLevels(["events": .object([EventType.name: 9_007_199_254_740_991])])
      return try $0.event(Person.creator, EventType.name, "")
    },
    .refused(.eventStateKey, "another user's state") {
      try $0.event(Person.admin, "x", Person.member)
    },
    .refused(.eventStateKey, "a state key that only starts like a user's") {
      try $0.event(Person.admin, "x", "@")
    },
    .allowed("otherwise", "one's own state") {
      try $0.event(Person.moderator, "x", Person.moderator)
    },
    .allowed("otherwise", "another kind of state key") {
      try $0.event(Person.moderator, "x", "a@b")
    },
    .refused(.thirdPartyInviteLevel, "a third-party invite below the invite level") {
      try $0.setLevels(["invite": 1, "events": .object([EventType.thirdPartyInvite: 0])])
      return try $0.event(Person.member, EventType.thirdPartyInvite, "token")
    },
    .allowed("third_party_invite.level", "a third-party invite, which is no other state") {
      try $0.event(Person.member, EventType.thirdPartyInvite, "token")
    },
    .refused(.senderNotJoined, "a third-party invite by an outsider") {
      try $0.event(Person.outsider, EventType.thirdPartyInvite, "token")
    },
  ]
}
