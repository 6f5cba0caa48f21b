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
    let creator: Int64 = version == .v12 ? PowerLevels.infinite : 100
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
    let creator: Int64 = version == .v12 ? PowerLevels.infinite : 5
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
    for version in [RoomVersion.v10, .v11] {
      let old = RoomCreators(try TestRoom(version, create: extra).create)
      #expect(old.users.map(\.text) == [Person.creator])
      #expect(!old.arePrivileged)
    }
    let named = try TestRoom(.v10, create: ["creator": .string(Person.admin)])
    #expect(RoomCreators(named.create).users.map(\.text) == [Person.admin])
  }
}
