import EventAuth
import MatrixJSON
import RoomEvents

enum LeaveCases {
  static let all = own + kicks + bans

  private static let own: [AuthCase] =
    [Person.member, Person.invited].map { person in
      .allowed("leave.own", "leave by \(person)") { try $0.member(person, person, "leave") }
    }
    + [Person.left, Person.banned, Person.outsider].map { person in
      .refused(.leaveOwn, "leave by \(person)") { try $0.member(person, person, "leave") }
    }
    + [
      .allowed("leave.own", "a knock is taken back", in: .from(7)) {
        try $0.member(Person.knocking, Person.knocking, "leave")
      },
      .refused(.leaveOwn, "a knock from before there was knocking", in: .upTo(6)) {
        try $0.member(Person.knocking, Person.knocking, "leave")
      },
    ]

  private static let kicks: [AuthCase] = [
    .allowed("leave.kick", "a moderator removes a member") {
      try $0.member(Person.moderator, Person.member, "leave")
    },
    .allowed("leave.kick", "a moderator takes an invite back") {
      try $0.member(Person.moderator, Person.invited, "leave")
    },
    .allowed("leave.kick", "a moderator rejects a knock", in: .from(7)) {
      try $0.member(Person.moderator, Person.knocking, "leave")
    },
    .refused(.leaveKick, "a member removes a member") {
      try $0.member(Person.member, Person.other, "leave")
    },
    .refused(.leaveKick, "a moderator removes an admin") {
      try $0.member(Person.moderator, Person.admin, "leave")
    },
    .refused(.leaveKick, "an equal") {
      try $0.setLevels([
        "users": .object([Person.moderator: 50, Person.other: 50])
      ])
      return try $0.member(Person.moderator, Person.other, "leave")
    },
    .refused(.leaveKick, "a higher kick level") {
      try $0.setLevels(["kick": 51])
      return try $0.member(Person.moderator, Person.member, "leave")
    },
    .allowed("leave.kick", "a lower kick level") {
      try $0.setLevels(["kick": 0, "users_default": 1, "users": .object([Person.other: 0])])
      return try $0.member(Person.member, Person.other, "leave")
    },
    .refused(.leaveSenderNotJoined, "one who left removes a member") {
      try $0.setMembership(Person.moderator, "leave")
      return try $0.member(Person.moderator, Person.member, "leave")
    },
    .refused(.leaveKick, "removal of the creator", in: [.v12]) {
      try $0.member(Person.admin, Person.creator, "leave")
    },
    .refused(.leaveKick, "one creator removes another", in: [.v12]) { room in
      room = try TestRoom(
        room.version, create: ["additional_creators": [.string(Person.other)]])
      return try room.member(Person.creator, Person.other, "leave")
    },
    .allowed("leave.kick", "an additional creator removes an admin", in: [.v12]) { room in
      room = try TestRoom(
        room.version, create: ["additional_creators": [.string(Person.other)]])
      return try room.member(Person.other, Person.admin, "leave")
    },
    .refused(.leaveKick, "additional creators mean nothing yet", in: .upTo(11)) { room in
      room = try TestRoom(
        room.version, create: ["additional_creators": [.string(Person.other)]])
      return try room.member(Person.other, Person.member, "leave")
    },
  ]

  private static let bans: [AuthCase] = [
    .allowed("leave.kick", "a moderator lifts a ban") {
      try $0.member(Person.moderator, Person.banned, "leave")
    },
    .refused(.leaveUnban, "a ban level above the moderator's") {
      try $0.setLevels(["ban": 60])
      return try $0.member(Person.moderator, Person.banned, "leave")
    },
    .refused(.leaveKick, "unbanning takes the kick level too") {
      try $0.setLevels(["ban": 0, "kick": 60])
      return try $0.member(Person.moderator, Person.banned, "leave")
    },
    .allowed("ban.level", "a moderator bans a member") {
      try $0.member(Person.moderator, Person.member, "ban")
    },
    .allowed("ban.level", "a moderator bans an outsider") {
      try $0.member(Person.moderator, Person.outsider, "ban")
    },
    .allowed("ban.level", "a moderator bans the banned again") {
      try $0.member(Person.moderator, Person.banned, "ban")
    },
    .refused(.banLevel, "a member bans") { try $0.member(Person.member, Person.other, "ban") },
    .refused(.banLevel, "a moderator bans an admin") {
      try $0.member(Person.moderator, Person.admin, "ban")
    },
    .refused(.banLevel, "a moderator bans themselves") {
      try $0.member(Person.moderator, Person.moderator, "ban")
    },
    .refused(.banLevel, "a higher ban level") {
      try $0.setLevels(["ban": 51])
      return try $0.member(Person.moderator, Person.member, "ban")
    },
    .refused(.banSenderNotJoined, "one who left bans") {
      try $0.setMembership(Person.moderator, "leave")
      return try $0.member(Person.moderator, Person.member, "ban")
    },
    .refused(.banLevel, "a ban of the creator", in: [.v12]) {
      try $0.member(Person.admin, Person.creator, "ban")
    },
    .refused(.banLevel, "a ban of the creator by an equal", in: .upTo(11)) {
      try $0.member(Person.admin, Person.creator, "ban")
    },
  ]
}
