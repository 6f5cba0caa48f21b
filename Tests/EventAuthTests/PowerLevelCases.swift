import EventAuth
import MatrixJSON
import RoomEvents

enum PowerLevelCases {
  static let all = first + levels + entries + users

  private static let first: [AuthCase] = [
    .allowed("power_levels.first", "the first power levels, above the sender's own") {
      $0.state[.powerLevels] = nil
      return try LevelChange.change($0, Person.creator, ["ban": 1000])
    },
    .allowed("power_levels.first", "no users") { room in
      room.state[.powerLevels] = nil
      return try room.event(Person.creator, EventType.powerLevels, "")
    },
    .allowed("power_levels", "nothing changed") {
      try LevelChange.change($0, Person.moderator, [:])
    },
    .refused(.eventLevel, "a member") { try LevelChange.change($0, Person.member, [:]) },
  ]

  private static let levels: [AuthCase] =
    LevelChange.names.flatMap { name in
      [
        AuthCase.refused(.levelsCurrent, "\(name) is above the sender") {
          try LevelChange.raise(&$0, [name: 60])
          return try LevelChange.change($0, Person.moderator, [name: 50])
        },
        .refused(.levelsCurrent, "\(name) above the sender is removed") {
          try LevelChange.raise(&$0, [name: 60])
          return try LevelChange.change($0, Person.moderator, [:])
        },
        .refused(.levelsNew, "\(name) is raised above the sender") {
          try LevelChange.raise(&$0, [name: 40])
          return try LevelChange.change($0, Person.moderator, [name: 51])
        },
        .refused(.levelsNew, "\(name) above the sender is added") {
          try LevelChange.raise(&$0, [:])
          return try LevelChange.change($0, Person.moderator, [name: 51])
        },
        .allowed("power_levels", "\(name) up to the sender's level") {
          try LevelChange.raise(&$0, [name: 40])
          return try LevelChange.change($0, Person.moderator, [name: 50])
        },
        .allowed("power_levels", "\(name) above the sender stays") {
          try LevelChange.raise(&$0, [name: 60])
          return try LevelChange.change($0, Person.moderator, [name: 60])
        },
      ]
    }

  private static let entries: [AuthCase] =
    entries("events") + entries("notifications", in: .from(6)) + [
      .allowed("power_levels", "notifications above the sender, unguarded", in: .upTo(5)) {
        try LevelChange.raise(&$0, ["notifications": ["x": 60, "y": 40]])
        return try LevelChange.change(
          $0, Person.moderator, ["notifications": ["y": 100, "z": 100]])
      }
    ]

  private static func entries(
    _ name: String, in versions: [RoomVersion] = RoomVersion.all
  ) -> [AuthCase] {
    [
      AuthCase.refused(
        .levelsEntryCurrent, "\(name): an entry above the sender is lowered", in: versions
      ) {
        try LevelChange.raise(&$0, [name: ["x": 60]])
        return try LevelChange.change($0, Person.moderator, [name: ["x": 50]])
      },
      .refused(.levelsEntryCurrent, "\(name): an entry above the sender is removed", in: versions) {
        try LevelChange.raise(&$0, [name: ["x": 60]])
        return try LevelChange.change($0, Person.moderator, [:])
      },
      .refused(.levelsEntryNew, "\(name): an entry is raised above the sender", in: versions) {
        try LevelChange.raise(&$0, [name: ["x": 40]])
        return try LevelChange.change($0, Person.moderator, [name: ["x": 51]])
      },
      .refused(.levelsEntryNew, "\(name): an entry above the sender is added", in: versions) {
        try LevelChange.raise(&$0, [:])
        return try LevelChange.change($0, Person.moderator, [name: ["x": 51]])
      },
      .refused(.levelsEntryCurrent, "\(name): keys that only look the same are two", in: versions) {
        try LevelChange.raise(&$0, [name: ["\u{E9}": 60]])
        return try LevelChange.change($0, Person.moderator, [name: ["e\u{301}": 60]])
      },
      .allowed("power_levels", "\(name): entries up to the sender's level", in: versions) {
        try LevelChange.raise(&$0, [name: ["x": 50, "z": 60]])
        return try LevelChange.change($0, Person.moderator, [name: ["x": 0, "y": 50, "z": 60]])
      },
    ]
  }

  private static let users: [AuthCase] = [
    .refused(.levelsUserCurrent, "an equal is lowered") {
      try LevelChange.raiseUsers(&$0, [Person.other: 50])
      return try LevelChange.changeUsers($0, Person.moderator, [Person.other: 0])
    },
    .refused(.levelsUserCurrent, "an equal is removed") {
      try LevelChange.raiseUsers(&$0, [Person.other: 50])
      return try LevelChange.changeUsers($0, Person.moderator, [:])
    },
    .refused(.levelsUserCurrent, "a superior is lowered") {
      try LevelChange.changeUsers($0, Person.moderator, [Person.admin: 0])
    },
    .allowed("power_levels", "an inferior is lowered") {
      try LevelChange.raiseUsers(&$0, [Person.other: 49])
      return try LevelChange.changeUsers($0, Person.moderator, [Person.other: -1])
    },
    .allowed("power_levels", "somebody is raised to the sender's level") {
      try LevelChange.changeUsers($0, Person.moderator, [Person.other: 50])
    },
    .refused(.levelsUserNew, "somebody is raised above the sender") {
      try LevelChange.changeUsers($0, Person.moderator, [Person.other: 51])
    },
    .refused(.levelsUserNew, "the sender raises themselves") {
      try LevelChange.changeUsers($0, Person.moderator, [Person.moderator: 51])
    },
    .allowed("power_levels", "the sender steps down") {
      try LevelChange.changeUsers($0, Person.moderator, [Person.moderator: 0])
    },
    .allowed("power_levels", "the creator lowers an admin", in: [.v12]) {
      try LevelChange.changeUsers($0, Person.creator, [Person.admin: 0])
    },
    .refused(.levelsUserCurrent, "the creator lowers an equal", in: .upTo(11)) {
      try LevelChange.changeUsers($0, Person.creator, [Person.admin: 0])
    },
    .allowed("power_levels", "the creator raises somebody above everybody", in: [.v12]) {
      try LevelChange.changeUsers($0, Person.creator, [Person.other: 9_007_199_254_740_991])
    },
  ]
}
