import EventAuth
import MatrixJSON
import RoomEvents

enum KnockCases {
  static let all: [AuthCase] =
    [
      .allowed("knock.membership", "knock by an outsider", in: .from(7)) {
        try $0.setJoinRule("knock")
        return try $0.member(Person.outsider, Person.outsider, "knock")
      },
      .allowed(
        "knock.membership", "knock by one who left, where joins are restricted", in: .from(10)
      ) {
        try $0.setJoinRule("knock_restricted")
        return try $0.member(Person.left, Person.left, "knock")
      },
      .allowed("knock.membership", "knock again", in: .from(7)) {
        try $0.setJoinRule("knock")
        return try $0.member(Person.knocking, Person.knocking, "knock")
      },
      .refused(.knockSender, "knock for somebody else", in: .from(7)) {
        try $0.setJoinRule("knock")
        return try $0.member(Person.member, Person.outsider, "knock")
      },
    ]
    + ["invite", "public", "restricted"].map { rule in
      .refused(.knockRule, "knock where the rule is \(rule)", in: .from(7)) {
        try $0.setJoinRule(rule)
        return try $0.member(Person.outsider, Person.outsider, "knock")
      }
    }
    + [Person.banned, Person.invited, Person.member].map { person in
      .refused(.knockMembership, "knock by \(person)", in: .from(7)) {
        try $0.setJoinRule("knock")
        return try $0.member(person, person, "knock")
      }
    }
    + [
      .refused(.knockRule, "knock by a rule of later versions", in: .within(7...9)) {
        try $0.setJoinRule("knock_restricted")
        return try $0.member(Person.outsider, Person.outsider, "knock")
      },
      .refused(.memberUnknown, "knock before there was knocking", in: .upTo(6)) {
        try $0.setJoinRule("knock")
        return try $0.member(Person.outsider, Person.outsider, "knock")
      },
    ]
}
