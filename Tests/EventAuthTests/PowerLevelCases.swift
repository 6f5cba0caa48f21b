import EventAuth
import MatrixJSON
import RoomEvents

enum PowerLevelCases {
  static let all = form + first + levels + entries + users

  private static let names = [
    "users_default", "events_default", "state_default", "ban", "redact", "kick", "invite",
  ]

  private static let form: [AuthCase] =
    names.map { name in
      .refused(.levelsNotInteger, "\(name) as text") {
        try change($0, Person.admin, [name: "50"])
      }
    }
    + ["events", "notifications"].flatMap { name in
      [
        AuthCase.refused(.levelsMap, "\(name) as an array") {
          try change($0, Person.admin, [name: []])
        },
        .refused(.levelsMap, "\(name) with text") {
          try change($0, Person.admin, [name: ["a": "1"]])
        },
      ]
    }
    + [
      .refused(.levelsNotInteger, "null") { try change($0, Person.admin, ["ban": .null]) },
      .refused(.levelsUsers, "users as an array") {
        try change($0, Person.admin, ["users": []])
      },
      .refused(.levelsUsers, "users with text") {
        try change($0, Person.admin, ["users": .object([Person.member: "1"])])
      },
      .refused(.levelsUsers, "a user without a server") {
        try change($0, Person.admin, ["users": ["@member": 1]])
      },
      .refused(.levelsUsers, "a user without a sigil") {
        try change($0, Person.admin, ["users": ["member:a.example": 1]])
      },
      .refused(.levelsCreators, "the creator among the users", in: [.v12]) {
        try changeUsers($0, Person.creator, [Person.creator: 100])
      },
      .refused(.levelsCreators, "an additional creator among the users", in: [.v12]) { room in
        room = try TestRoom(
          room.version, create: ["additional_creators": [.string(Person.other)]])
        return try changeUsers(room, Person.creator, [Person.other: 0])
      },
      .allowed("one's level as additional creator, which means nothing yet", in: [.v10, .v11]) {
        room in
        room = try TestRoom(
          room.version, create: ["additional_creators": [.string(Person.other)]])
        return try changeUsers(room, Person.admin, [Person.other: 0])
      },
    ]

  private static let first: [AuthCase] = [
    .allowed("the first power levels, above the sender's own") {
      $0.state[.powerLevels] = nil
      return try change($0, Person.creator, ["ban": 1000])
    },
    .allowed("no users") { room in
      room.state[.powerLevels] = nil
      return try room.event(Person.creator, EventType.powerLevels, "")
    },
    .allowed("nothing changed") { try change($0, Person.moderator, [:]) },
    .refused(.eventLevel, "a member") { try change($0, Person.member, [:]) },
  ]

  private static let levels: [AuthCase] =
    names.flatMap { name in
      [
        AuthCase.refused(.levelsCurrent, "\(name) is above the sender") {
          try raise(&$0, [name: 60])
          return try change($0, Person.moderator, [name: 50])
        },
        .refused(.levelsCurrent, "\(name) above the sender is removed") {
          try raise(&$0, [name: 60])
          return try change($0, Person.moderator, [:])
        },
        .refused(.levelsNew, "\(name) is raised above the sender") {
          try raise(&$0, [name: 40])
          return try change($0, Person.moderator, [name: 51])
        },
        .refused(.levelsNew, "\(name) above the sender is added") {
          try raise(&$0, [:])
          return try change($0, Person.moderator, [name: 51])
        },
        .allowed("\(name) up to the sender's level") {
          try raise(&$0, [name: 40])
          return try change($0, Person.moderator, [name: 50])
        },
        .allowed("\(name) above the sender stays") {
          try raise(&$0, [name: 60])
          return try change($0, Person.moderator, [name: 60])
        },
      ]
    }

  private static let entries: [AuthCase] = ["events", "notifications"].flatMap { name in
    [
      AuthCase.refused(.levelsEntryCurrent, "\(name): an entry above the sender is lowered") {
        try raise(&$0, [name: ["x": 60]])
        return try change($0, Person.moderator, [name: ["x": 50]])
      },
      .refused(.levelsEntryCurrent, "\(name): an entry above the sender is removed") {
        try raise(&$0, [name: ["x": 60]])
        return try change($0, Person.moderator, [:])
      },
      .refused(.levelsEntryNew, "\(name): an entry is raised above the sender") {
        try raise(&$0, [name: ["x": 40]])
        return try change($0, Person.moderator, [name: ["x": 51]])
      },
      .refused(.levelsEntryNew, "\(name): an entry above the sender is added") {
        try raise(&$0, [:])
        return try change($0, Person.moderator, [name: ["x": 51]])
      },
      .refused(.levelsEntryCurrent, "\(name): keys that only look the same are two") {
        try raise(&$0, [name: ["\u{E9}": 60]])
        return try change($0, Person.moderator, [name: ["e\u{301}": 60]])
      },
      .allowed("\(name): entries up to the sender's level") {
        try raise(&$0, [name: ["x": 50, "z": 60]])
        return try change($0, Person.moderator, [name: ["x": 0, "y": 50, "z": 60]])
      },
    ]
  }

  private static let users: [AuthCase] = [
    .refused(.levelsUserCurrent, "an equal is lowered") {
      try raiseUsers(&$0, [Person.other: 50])
      return try changeUsers($0, Person.moderator, [Person.other: 0])
    },
    .refused(.levelsUserCurrent, "an equal is removed") {
      try raiseUsers(&$0, [Person.other: 50])
      return try changeUsers($0, Person.moderator, [:])
    },
    .refused(.levelsUserCurrent, "a superior is lowered") {
      try changeUsers($0, Person.moderator, [Person.admin: 0])
    },
    .allowed("an inferior is lowered") {
      try raiseUsers(&$0, [Person.other: 49])
      return try changeUsers($0, Person.moderator, [Person.other: -1])
    },
    .allowed("somebody is raised to the sender's level") {
      try changeUsers($0, Person.moderator, [Person.other: 50])
    },
    .refused(.levelsUserNew, "somebody is raised above the sender") {
      try changeUsers($0, Person.moderator, [Person.other: 51])
    },
    .refused(.levelsUserNew, "the sender raises themselves") {
      try changeUsers($0, Person.moderator, [Person.moderator: 51])
    },
    .allowed("the sender steps down") {
      try changeUsers($0, Person.moderator, [Person.moderator: 0])
    },
    .allowed("the creator lowers an admin", in: [.v12]) {
      try changeUsers($0, Person.creator, [Person.admin: 0])
    },
    .refused(.levelsUserCurrent, "the creator lowers an equal", in: [.v10, .v11]) {
      try changeUsers($0, Person.creator, [Person.admin: 0])
    },
    .allowed("the creator raises somebody above everybody", in: [.v12]) {
      try changeUsers($0, Person.creator, [Person.other: 9_007_199_254_740_991])
    },
  ]

  private static func raise(_ room: inout TestRoom, _ changes: [String: JSON]) throws {
    try room.set(
      EventType.powerLevels, "", content(room, changes), by: Person.creator)
  }

  private static func change(
    _ room: TestRoom, _ sender: String, _ changes: [String: JSON]
  ) throws -> Event {
    try room.event(sender, EventType.powerLevels, "", content(room, changes))
  }

  private static func content(_ room: TestRoom, _ changes: [String: JSON]) -> JSON {
    // The type's own entry keeps a raised `state_default` from deciding first.
    var content = TestRoom.levels(room.version, changes)
    if content["events"] == nil { content["events"] = [:] }
    if case .object(var events)? = content["events"] {
      events[EventType.powerLevels] = 50
      content["events"] = .object(events)
    }
    return content
  }

  private static func withUsers(_ room: TestRoom, _ changes: [String: JSON]) -> [String: JSON] {
    var users: [String: JSON] = [:]
    if case .object(let usual)? = TestRoom.levels(room.version)["users"] { users = usual }
    return ["users": .object(users.merging(changes) { $1 })]
  }

  private static func raiseUsers(_ room: inout TestRoom, _ changes: [String: JSON]) throws {
    try raise(&room, withUsers(room, changes))
  }

  private static func changeUsers(
    _ room: TestRoom, _ sender: String, _ changes: [String: JSON]
  ) throws -> Event {
    try change(room, sender, withUsers(room, changes))
  }
}
