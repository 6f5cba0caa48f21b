import EventAuth
import MatrixJSON
import RoomEvents

/// How power levels may be written, by version.
enum PowerLevelFormCases {
  static let all = strict + users + texts + fractions + creators

  private static let strict: [AuthCase] =
    LevelChange.names.map { name in
      .refused(.levelsNotInteger, "\(name) as text", in: .from(10)) {
        try LevelChange.change($0, Person.admin, [name: "50"])
      }
    }
    + ["events", "notifications"].flatMap { name in
      [
        AuthCase.refused(.levelsMap, "\(name) as an array", in: .from(10)) {
          try LevelChange.change($0, Person.admin, [name: []])
        },
        .refused(.levelsMap, "\(name) with text", in: .from(10)) {
          try LevelChange.change($0, Person.admin, [name: ["a": "1"]])
        },
        .allowed("power_levels", "\(name) that is no table counts as empty", in: .upTo(9)) {
          try LevelChange.change($0, Person.admin, [name: []])
        },
      ]
    }
    + [
      .refused(.levelsNotInteger, "null", in: .from(10)) {
        try LevelChange.change($0, Person.admin, ["ban": .null])
      },
      .allowed("power_levels", "what is no level counts as absent", in: .upTo(9)) {
        try LevelChange.change($0, Person.admin, ["ban": .null, "kick": "high", "redact": []])
      },
    ]

  private static let users: [AuthCase] =
    [
      .refused(.levelsUsers, "users as an array") {
        try LevelChange.change($0, Person.admin, ["users": []])
      },
      .refused(.levelsUsers, "a user without a server") {
        try LevelChange.change($0, Person.admin, ["users": ["@member": 1]])
      },
      .refused(.levelsUsers, "a user without a sigil") {
        try LevelChange.change($0, Person.admin, ["users": ["member:a.example": 1]])
      },
      .refused(.levelsUsers, "users with text", in: .from(10)) {
        try LevelChange.change($0, Person.admin, ["users": .object([Person.member: "1"])])
      },
    ]
    + (["", " ", "one", "1.0", "1e1", "0x1", "--1", "+ 1", "1 1", "1_0", "\u{661}"] as [JSON]
    + [.null, true, [], [:]]).map { level in
      .refused(.levelsUsers, "users with \(level)") {
        try LevelChange.change($0, Person.admin, ["users": .object([Person.member: level])])
      }
    }

  /// spec: rooms/v1#mroompower_levels-events-accept-values-as-strings
  private static let texts: [AuthCase] =
    ["50", "+50", " 050\t", "\n00050 ", "-7", "\u{3000}50\u{A0}"].map { level in
      .allowed("power_levels", "a user's level as text: \(level)", in: .upTo(9)) {
        try LevelChange.changeUsers($0, Person.moderator, [Person.other: .string(level)])
      }
    }
    + LevelChange.names.map { name in
      .refused(.levelsCurrent, "\(name) as text is above the sender", in: .upTo(9)) {
        try LevelChange.raise(&$0, [name: "60"])
        return try LevelChange.change($0, Person.moderator, [name: 50])
      }
    }
    + LevelChange.names.map { name in
      .allowed("power_levels", "\(name) changes only in how it is written", in: .upTo(9)) {
        try LevelChange.raise(&$0, [name: "060"])
        return try LevelChange.change($0, Person.moderator, [name: 60])
      }
    }
    + [
      .refused(.levelsUserNew, "text above the sender", in: .upTo(9)) {
        try LevelChange.changeUsers($0, Person.moderator, [Person.other: " +051 "])
      },
      .refused(.levelsUserNew, "text that no integer holds", in: .upTo(9)) {
        try LevelChange.changeUsers(
          $0, Person.moderator, [Person.other: "99999999999999999999999"])
      },
      .refused(.levelsUserCurrent, "an equal by text", in: .upTo(9)) {
        try LevelChange.raiseUsers(&$0, [Person.other: "50"])
        return try LevelChange.changeUsers($0, Person.moderator, [Person.other: "0"])
      },
      .refused(.levelsEntryNew, "an entry as text above the sender", in: .upTo(9)) {
        try LevelChange.change($0, Person.moderator, ["events": ["x": "51"]])
      },
      .refused(.eventLevel, "a type whose level is text", in: .upTo(9)) {
        try $0.setLevels(["events": .object([EventType.message: "1"])])
        return try $0.event(Person.member, EventType.message)
      },
      .allowed("otherwise", "a sender whose level is text", in: .upTo(9)) {
        try $0.setLevels(["users": .object([Person.member: "050"])])
        return try $0.event(Person.member, EventType.name, "")
      },
    ]

  /// spec: rooms/v1#mroompower_levels-events-accept-values-as-floats
  private static let fractions: [AuthCase] = [
    .allowed("power_levels", "a fraction does not count", in: .upTo(5)) {
      try LevelChange.changeUsers($0, Person.moderator, [Person.other: 50.99])
    },
    .refused(.levelsUserNew, "a fraction above the sender", in: .upTo(5)) {
      try LevelChange.changeUsers($0, Person.moderator, [Person.other: 51.0])
    },
    .refused(.levelsUserCurrent, "an equal but for the fraction", in: .upTo(5)) {
      try LevelChange.raiseUsers(&$0, [Person.other: 50.57])
      return try LevelChange.changeUsers($0, Person.moderator, [Person.other: 0])
    },
    .allowed("power_levels", "a level changes only in its fraction", in: .upTo(5)) {
      try LevelChange.raise(&$0, ["ban": 60.1])
      return try LevelChange.change($0, Person.moderator, ["ban": 60.9])
    },
    .refused(.levelsNew, "a level beyond all integers", in: .upTo(5)) {
      try LevelChange.change($0, Person.moderator, ["ban": 1e300])
    },
    .allowed("power_levels", "a level below all integers", in: .upTo(5)) {
      try LevelChange.change($0, Person.moderator, ["ban": -1e300])
    },
    .refused(.levelsNew, "a level of 64 bits", in: .upTo(5)) {
      try LevelChange.change($0, Person.moderator, ["ban": .integer(.max)])
    },
  ]

  private static let creators: [AuthCase] = [
    .refused(.levelsCreators, "the creator among the users", in: [.v12]) {
      try LevelChange.changeUsers($0, Person.creator, [Person.creator: 100])
    },
    .refused(.levelsCreators, "an additional creator among the users", in: [.v12]) { room in
      room = try TestRoom(
        room.version, create: ["additional_creators": [.string(Person.other)]])
      return try LevelChange.changeUsers(room, Person.creator, [Person.other: 0])
    },
    .allowed(
      "power_levels", "one's level as additional creator, which means nothing yet", in: .upTo(11)
    ) { room in
      room = try TestRoom(
        room.version, create: ["additional_creators": [.string(Person.other)]])
      return try LevelChange.changeUsers(room, Person.admin, [Person.other: 0])
    },
  ]
}
