import EventAuth
import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import Testing

@Suite struct PowerLevelsTests {
  private func user(_ text: String) throws -> UserID { try #require(UserID(text)) }

  @Test(arguments: RoomVersion.all) func withoutAnEvent(version: RoomVersion) throws {
    let room = try TestRoom(version)
    let levels = PowerLevels(event: nil, create: room.create)
    let creator: Int64 =
      version.rules.creatorsArePrivileged ? PowerLevels.infinite : 100
    #expect(levels.level(of: try user(Person.creator)) == creator)
    #expect(levels.level(of: try user(Person.admin)) == 0)
    #expect([levels.ban, levels.kick, levels.redact, levels.invite] == [50, 50, 50, 0])
    #expect(levels.required(type: "x", isState: true) == 50)
    #expect(levels.required(type: "x", isState: false) == 0)
    #expect(levels.requiredForNotification("room") == 50)
  }

  @Test(arguments: RoomVersion.all) func withAnEvent(version: RoomVersion) throws {
    let room = try TestRoom(version)
    let event = try room.event(
      Person.creator, EventType.powerLevels, "",
      [
        "users": .object([Person.admin: 90]), "users_default": 5, "ban": 1, "kick": 2,
        "redact": 3, "invite": 4, "state_default": 6, "events_default": 7,
        "events": ["x": 8], "notifications": ["room": 9],
      ])
    let levels = PowerLevels(event: event, create: room.create)
    // An event says all: before version 12 the creator is nobody special in it.
    let creator: Int64 = version.rules.creatorsArePrivileged ? PowerLevels.infinite : 5
    #expect(levels.level(of: try user(Person.creator)) == creator)
    #expect(levels.level(of: try user(Person.admin)) == 90)
    #expect(levels.level(of: try user(Person.member)) == 5)
    #expect([levels.ban, levels.kick, levels.redact, levels.invite] == [1, 2, 3, 4])
    #expect(levels.required(type: "x", isState: true) == 8)
    #expect(levels.required(type: "x", isState: false) == 8)
    #expect(levels.required(type: "y", isState: true) == 6)
    #expect(levels.required(type: "y", isState: false) == 7)
    #expect(levels.requiredForNotification("room") == 9)
  }

  @Test func creators() throws {
    let extra: [String: JSON] = ["additional_creators": [.string(Person.other)]]
    let new = RoomCreators(try TestRoom(.v12, create: extra).create)
    #expect(new.users.map(\.text) == [Person.creator, Person.other])
    #expect(new.arePrivileged)
    for version in [RoomVersion].upTo(11) {
      let old = RoomCreators(try TestRoom(version, create: extra).create)
      #expect(old.users.map(\.text) == [Person.creator])
      #expect(!old.arePrivileged)
    }
    for version in [RoomVersion].upTo(10) {
      let named = try TestRoom(version, create: ["creator": .string(Person.admin)])
      #expect(RoomCreators(named.create).users.map(\.text) == [Person.admin])
    }
  }

  // What a level means, or nil where the default of 50 holds: up to version 5, 6 to 9, from 10 on.
  @Test(
    arguments: [
      (7, 7, 7, 7), ("7", 7, 7, nil), ("  +0007\n", 7, 7, nil), ("-7", -7, -7, nil),
      ("- 7", nil, nil, nil), ("7.0", nil, nil, nil), ("", nil, nil, nil), ("+", nil, nil, nil),
      (.null, nil, nil, nil), (true, nil, nil, nil), (["7"], nil, nil, nil),
      ("9223372036854775807", .max, .max, nil), ("9223372036854775808", .max, .max, nil),
      ("-9223372036854775808", .min, .min, nil), ("-9999999999999999999999", .min, .min, nil),
    ] as [(JSON, Int64?, Int64?, Int64?)])
  func forms(_ value: JSON, _ loose: Int64?, _ text: Int64?, _ strict: Int64?) throws {
    for (range, expected) in [(1...5, loose), (6...9, text), (10...12, strict)] {
      for version in [RoomVersion].within(range) {
        let room = try TestRoom(version)
        let event = try room.event(Person.creator, EventType.powerLevels, "", ["ban": value])
        #expect(PowerLevels(event: event, create: room.create).ban == expected ?? 50)
      }
    }
  }

  @Test(
    arguments: [
      (51146.98, 51146), (-0.5, 0), (-1.99, -1), (1e300, .max), (-1e300, .min),
      (.integer(.max), .max), (.integer(.min), .min), (1.8e19, .max),
    ] as [(JSON, Int64)])
  func numbersOfTheFirstVersions(_ value: JSON, _ expected: Int64) throws {
    for version in [RoomVersion].upTo(5) {
      let room = try TestRoom(version)
      let event = try room.event(Person.creator, EventType.powerLevels, "", ["ban": value])
      #expect(PowerLevels(event: event, create: room.create).ban == expected)
    }
  }

  @Test(
    arguments: [
      ([:], true), (["ban": 1, "users": ["@a:b": 1], "events": ["x": 1]], true),
      (["other": "text"], true), (["ban": "1"], false), (["invite": 1.5], false),
      (["users": ["@a:b": "1"]], false), (["users": []], false), (["events": ["x": .null]], false),
      (["notifications": ["room": "50"]], false),
    ] as [(JSON, Bool)])
  func whatThisServersUsersMayWrite(_ content: JSON, _ isFit: Bool) throws {
    #expect(PowerLevels.areIntegers(in: try JSONDocument(content.bytes).root) == isFit)
  }
}
