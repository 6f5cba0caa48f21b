import EventAuth
import MatrixJSON
import RoomEvents

enum RestrictedJoinCases {
  static let all = cases("restricted", .from(8)) + cases("knock_restricted", .from(10))

  private static func cases(_ rule: String, _ versions: [RoomVersion]) -> [AuthCase] {
    [
      .allowed("join.restricted", "\(rule): when invited", in: versions) {
        try $0.setJoinRule(rule)
        return try $0.member(Person.invited, Person.invited, "join")
      },
      .allowed("join.authorised", "\(rule): authorised by a member", in: versions) {
        try $0.setJoinRule(rule)
        return try authorised($0, by: Person.member)
      },
      .refused(.joinNotAuthorised, "\(rule): authorised by nobody", in: versions) {
        try $0.setJoinRule(rule)
        return try $0.member(Person.outsider, Person.outsider, "join")
      },
      .refused(.joinNotAuthorised, "\(rule): authorised by one who left", in: versions) {
        try $0.setJoinRule(rule)
        return try authorised($0, by: Person.left)
      },
      .refused(.joinNotAuthorised, "\(rule): authorised by one who may not invite", in: versions) {
        try $0.setJoinRule(rule)
        try $0.setLevels(["invite": 50])
        return try authorised($0, by: Person.member)
      },
      .allowed("join.authorised", "\(rule): authorised by one who may invite", in: versions) {
        try $0.setJoinRule(rule)
        try $0.setLevels(["invite": 50])
        return try authorised($0, by: Person.moderator)
      },
      .refused(.joinBanned, "\(rule): authorised but banned", in: versions) {
        try $0.setJoinRule(rule)
        return try $0.member(
          Person.banned, Person.banned, "join",
          ["join_authorised_via_users_server": .string(Person.member)])
      },
      .refused(
        .memberAuthoriserSignature, "\(rule): not signed by the authorising server", in: versions
      ) {
        try $0.setJoinRule(rule)
        return try authorised($0, by: Person.remote)
      },
      .refused(.memberAuthoriserSignature, "\(rule): authorised by what is no user", in: versions) {
        try $0.setJoinRule(rule)
        return try authorised($0, by: "somebody")
      },
      .allowed("join.authorised", "\(rule): signed by the authorising server too", in: versions) {
        try $0.setJoinRule(rule)
        return try $0.changed(authorised($0, by: Person.remote)) {
          $0["signatures"] = ["a.example": ["ed25519:1": "a"], "b.example": ["ed25519:1": "b"]]
        }
      },
      .allowed("join.restricted", "\(rule): when joined", in: versions) {
        try $0.setJoinRule(rule)
        return try $0.member(Person.member, Person.member, "join")
      },
    ]
  }

  private static func authorised(_ room: TestRoom, by user: String) throws -> Event {
    try room.member(
      Person.outsider, Person.outsider, "join",
      ["join_authorised_via_users_server": .string(user)])
  }
}
