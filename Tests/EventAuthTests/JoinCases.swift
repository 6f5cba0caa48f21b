import EventAuth
import MatrixJSON
import RoomEvents

enum JoinCases {
  static let all = firstJoin + byInvitation + restricted + knocks

  private static let firstJoin: [AuthCase] = [
    .allowed("the creator, right after the create event") { room in
      room.state = [.create: room.create]
      return try room.member(
        Person.creator, Person.creator, "join", previous: [room.create.eventID])
    },
    .refused(.joinNotInvited, "the creator, later") { room in
      room.state = [.create: room.create]
      return try room.member(Person.creator, Person.creator, "join")
    },
    .refused(.joinNotInvited, "somebody else, right after the create event") { room in
      room.state = [.create: room.create]
      return try room.member(
        Person.member, Person.member, "join", previous: [room.create.eventID])
    },
    .refused(.joinNotInvited, "an additional creator, right after the create event") { room in
      room = try TestRoom(
        room.version, create: ["additional_creators": [.string(Person.admin)]])
      room.state = [.create: room.create]
      return try room.member(Person.admin, Person.admin, "join", previous: [room.create.eventID])
    },
    .allowed("the creator named by the content", in: [.v10]) { room in
      room = try TestRoom(room.version, create: ["creator": .string(Person.member)])
      room.state = [.create: room.create]
      return try room.member(
        Person.member, Person.member, "join", previous: [room.create.eventID])
    },
    .refused(.joinNotInvited, "the creator named by the content", in: [.v11, .v12]) { room in
      room = try TestRoom(room.version, create: ["creator": .string(Person.member)])
      room.state = [.create: room.create]
      return try room.member(
        Person.member, Person.member, "join", previous: [room.create.eventID])
    },
  ]

  private static let byInvitation: [AuthCase] = [
    .refused(.joinSender, "for somebody else") {
      try $0.setJoinRule("public")
      return try $0.member(Person.admin, Person.outsider, "join")
    },
    .refused(.joinBanned, "while banned") {
      try $0.setJoinRule("public")
      return try $0.member(Person.banned, Person.banned, "join")
    },
    .allowed("when invited") { try $0.member(Person.invited, Person.invited, "join") },
    .allowed("when joined") { try $0.member(Person.member, Person.member, "join") },
    .refused(.joinNotInvited, "uninvited") {
      try $0.member(Person.outsider, Person.outsider, "join")
    },
    .refused(.joinNotInvited, "after leaving") {
      try $0.member(Person.left, Person.left, "join")
    },
    .refused(.joinNotInvited, "without a join rule, which means invite") {
      $0.state[.joinRules] = nil
      return try $0.member(Person.outsider, Person.outsider, "join")
    },
    .refused(.joinNotInvited, "while knocking") {
      try $0.setJoinRule("knock")
      return try $0.member(Person.knocking, Person.knocking, "join")
    },
    .allowed("when invited, where one knocks") {
      try $0.setJoinRule("knock")
      return try $0.member(Person.invited, Person.invited, "join")
    },
    .allowed("a public room") {
      try $0.setJoinRule("public")
      return try $0.member(Person.outsider, Person.outsider, "join")
    },
    .allowed("a public room again") {
      try $0.setJoinRule("public")
      return try $0.member(Person.left, Person.left, "join")
    },
    .refused(.joinRule, "a private room") {
      try $0.setJoinRule("private")
      return try $0.member(Person.invited, Person.invited, "join")
    },
    .refused(.joinRule, "by a rule that nobody knows") {
      try $0.setJoinRule("PUBLIC")
      return try $0.member(Person.outsider, Person.outsider, "join")
    },
  ]

  private static let restricted: [AuthCase] = ["restricted", "knock_restricted"].flatMap { rule in
    [
      AuthCase.allowed("\(rule): when invited") {
        try $0.setJoinRule(rule)
        return try $0.member(Person.invited, Person.invited, "join")
      },
      .allowed("\(rule): authorised by a member") {
        try $0.setJoinRule(rule)
        return try authorised($0, by: Person.member)
      },
      .refused(.joinNotAuthorised, "\(rule): authorised by nobody") {
        try $0.setJoinRule(rule)
        return try $0.member(Person.outsider, Person.outsider, "join")
      },
      .refused(.joinNotAuthorised, "\(rule): authorised by one who left") {
        try $0.setJoinRule(rule)
        return try authorised($0, by: Person.left)
      },
      .refused(.joinNotAuthorised, "\(rule): authorised by one who may not invite") {
        try $0.setJoinRule(rule)
        try $0.setLevels(["invite": 50])
        return try authorised($0, by: Person.member)
      },
      .allowed("\(rule): authorised by one who may invite") {
        try $0.setJoinRule(rule)
        try $0.setLevels(["invite": 50])
        return try authorised($0, by: Person.moderator)
      },
      .refused(.joinBanned, "\(rule): authorised but banned") {
        try $0.setJoinRule(rule)
        return try $0.member(
          Person.banned, Person.banned, "join",
          ["join_authorised_via_users_server": .string(Person.member)])
      },
      .refused(.memberAuthoriserSignature, "\(rule): not signed by the authorising server") {
        try $0.setJoinRule(rule)
        return try authorised($0, by: Person.remote)
      },
      .refused(.memberAuthoriserSignature, "\(rule): authorised by what is no user") {
        try $0.setJoinRule(rule)
        return try authorised($0, by: "somebody")
      },
      .allowed("\(rule): signed by the authorising server too") {
        try $0.setJoinRule(rule)
        return try $0.changed(authorised($0, by: Person.remote)) {
          $0["signatures"] = ["a.example": ["ed25519:1": "a"], "b.example": ["ed25519:1": "b"]]
        }
      },
    ]
  }

  private static let knocks: [AuthCase] =
    [
      .allowed("knock by an outsider") {
        try $0.setJoinRule("knock")
        return try $0.member(Person.outsider, Person.outsider, "knock")
      },
      .allowed("knock by one who left, where joins are restricted") {
        try $0.setJoinRule("knock_restricted")
        return try $0.member(Person.left, Person.left, "knock")
      },
      .allowed("knock again") {
        try $0.setJoinRule("knock")
        return try $0.member(Person.knocking, Person.knocking, "knock")
      },
      .refused(.knockSender, "knock for somebody else") {
        try $0.setJoinRule("knock")
        return try $0.member(Person.member, Person.outsider, "knock")
      },
    ]
    + ["invite", "public", "restricted"].map { rule in
      .refused(.knockRule, "knock where the rule is \(rule)") {
        try $0.setJoinRule(rule)
        return try $0.member(Person.outsider, Person.outsider, "knock")
      }
    }
    + [Person.banned, Person.invited, Person.member].map { person in
      .refused(.knockMembership, "knock by \(person)") {
        try $0.setJoinRule("knock")
        return try $0.member(person, person, "knock")
      }
    }

  private static func authorised(_ room: TestRoom, by user: String) throws -> Event {
    try room.member(
      Person.outsider, Person.outsider, "join",
      ["join_authorised_via_users_server": .string(user)])
  }
}
