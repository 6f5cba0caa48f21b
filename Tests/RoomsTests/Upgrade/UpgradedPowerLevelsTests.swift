import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import Testing

@testable import Rooms

struct UpgradedPowerLevelsTests {
  private static let alice = RoomFixture.alice
  private static let bob = RoomFixture.bob

  private func levels(
    _ old: JSON, to version: RoomVersion, oldCreators: [String] = [],
    newCreators: [String] = [alice], types: Set<String> = ["m.room.name"]
  ) throws -> UpgradedPowerLevels {
    UpgradedPowerLevels(
      try JSONDocument(old.bytes).root, oldCreators: try oldCreators.map(RoomFixture.user),
      newCreators: try newCreators.map(RoomFixture.user), version: version, types: types)
  }

  private func users(_ levels: [String: Int64]) -> JSON {
    .object(levels.mapValues { .integer($0) })
  }

  @Test func staysAsItIs() throws {
    let old: JSON = [
      "users": users([Self.alice: 100]), "ban": 30, "org.example": ["kept": true],
    ]
    let found = try levels(old, to: .v11)
    #expect(found.first == old)
    #expect(found.last == nil)
  }

  @Test func whoUpgradesIsRaisedForAWhile() throws {
    let old: JSON = [
      "users": users([Self.alice: 50, Self.bob: 100]), "events": ["m.room.server_acl": 90],
    ]
    let found = try levels(old, to: .v11, types: ["m.room.server_acl"])
    #expect(found.first["users"] == users([Self.alice: 90, Self.bob: 100]))
    #expect(found.last == old)
    let byDefault = try levels(["users_default": 60, "state_default": 70], to: .v10)
    #expect(byDefault.first["users"] == users([Self.alice: 70]))
    #expect(byDefault.last?["users"] == [:])
    let bans = try levels(
      ["ban": 80, "users": users([Self.alice: 50])], to: .v11, types: ["m.room.member"])
    #expect(bans.first["users"] == users([Self.alice: 80]))
  }

  @Test func creatorsHaveNoLevelInVersion12() throws {
    let old: JSON = ["users": users([Self.alice: 10, Self.bob: 100, "@c:c": 50])]
    let found = try levels(old, to: .v12, newCreators: [Self.alice, Self.bob])
    #expect(found.first["users"] == users(["@c:c": 50]))
    #expect(found.last == nil)
  }

  @Test func creatorsOfVersion12GetOneElsewhere() throws {
    let old: JSON = ["users": users(["@c:c": 50])]
    let found = try levels(old, to: .v11, oldCreators: [Self.alice, Self.bob])
    #expect(found.first["users"] == users([Self.alice: 100, Self.bob: 100, "@c:c": 50]))
    #expect(found.last == nil)
  }

  @Test func levelsInOtherForms() throws {
    let old: JSON = [
      "ban": "20", "kick": 5.9, "invite": "odd", "events": ["a": "7", "b": []],
      "users": .object([Self.alice: "100"]), "notifications": ["room": "3"],
    ]
    let found = try levels(old, to: .v11)
    #expect(
      found.first == [
        "ban": 20, "kick": 5, "events": ["a": 7], "users": users([Self.alice: 100]),
        "notifications": ["room": 3],
      ])
  }

  private static let retired: [(JSON, JSON?)] = [
    ([:] as JSON, ["events_default": 50, "invite": 50] as JSON),
    (
      ["users_default": 50, "invite": 10] as JSON,
      ["events_default": 51, "invite": 51, "users_default": 50] as JSON
    ),
    (["events_default": 60] as JSON, ["events_default": 60, "invite": 50] as JSON),
    (["events_default": 60, "invite": 100] as JSON, JSON?.none),
  ]

  @Test(arguments: retired)
  func aRetiredRoom(_ old: JSON, _ expected: JSON?) throws {
    #expect(RetiredPowerLevels.content(try JSONDocument(old.bytes).root) == expected)
  }
}
