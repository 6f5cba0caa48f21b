import EventAuth
import MatrixJSON
import RoomEvents

enum JoinCases {
  static let all = firstJoin + byInvitation

  private static let firstJoin: [AuthCase] = [
    .allowed("join.creator", "the creator, right after the create event") { room in
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
    .allowed("join.creator", "the creator named by the content", in: .upTo(10)) { room in
      room = try TestRoom(room.version, create: ["creator": .string(Person.member)])
      room.state = [.create: room.create]
      return try room.member(
        Person.member, Person.member, "join", previous: [room.create.eventID])
    },
    .refused(.joinNotInvited, "the creator named by the content", in: .from(11)) { room in
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
    .allowed("join.invited", "when invited") {
      try $0.member(Person.invited, Person.invited, "join")
    },
    .allowed("join.invited", "when joined") { try $0.member(Person.member, Person.member, "join") },
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
    .refused(.joinNotInvited, "while knocking", in: .from(7)) {
      try $0.setJoinRule("knock")
      return try $0.member(Person.knocking, Person.knocking, "join")
    },
    .allowed("join.invited", "when invited, where one knocks", in: .from(7)) {
      try $0.setJoinRule("knock")
      return try $0.member(Person.invited, Person.invited, "join")
    },
    .allowed("join.public", "a public room") {
      try $0.setJoinRule("public")
      return try $0.member(Person.outsider, Person.outsider, "join")
    },
    .allowed("join.public", "a public room again") {
      try $0.setJoinRule("public")
      return try $0.member(Person.left, Person.left, "join")
    },
    .refused(.joinRule, "a private room") {
      try $0.setJoinRule("private")
      return try $0.member(Person.invited, Person.invited, "join")
    },
    .refused(.joinRule, "when invited, by the rule of later versions: knock", in: .upTo(6)) {
      try $0.setJoinRule("knock")
      return try $0.member(Person.invited, Person.invited, "join")
    },
    .refused(.joinRule, "when invited, by the rule of later versions: restricted", in: .upTo(7)) {
      try $0.setJoinRule("restricted")
      return try $0.member(Person.invited, Person.invited, "join")
    },
    .refused(.joinRule, "when invited, by the rule of later versions: both", in: .upTo(9)) {
      try $0.setJoinRule("knock_restricted")
      return try $0.member(Person.invited, Person.invited, "join")
    },
    .allowed("join.invited", "authorised by nobody knows whom, which means nothing", in: .upTo(7)) {
      try $0.member(
        Person.invited, Person.invited, "join",
        ["join_authorised_via_users_server": .string(Person.remote)])
    },
    .refused(.joinRule, "when invited, by a rule that is no text") {
      try $0.set(EventType.joinRules, "", ["join_rule": 1])
      return try $0.member(Person.invited, Person.invited, "join")
    },
    .allowed("join.invited", "when invited, by a rule that does not say which") {
      try $0.set(EventType.joinRules, "", [:])
      return try $0.member(Person.invited, Person.invited, "join")
    },
    .refused(.joinRule, "by a rule that nobody knows") {
      try $0.setJoinRule("PUBLIC")
      return try $0.member(Person.outsider, Person.outsider, "join")
    },
  ]
}
