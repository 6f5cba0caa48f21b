import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import Testing

/// spec: server-server-api#validating-hashes-and-signatures-on-received-events
@Suite struct RequiredSignersTests {
  private func signers(
    _ version: RoomVersion, type: String = EventType.member, _ content: JSON,
    eventID: String? = nil
  ) throws -> Set<String> {
    let event = try Samples.event(
      version, type: type, stateKey: "@alice:domain", content: content)
    guard let eventID else { return Set(requiredSigners(of: event).map(\.text)) }
    var json = JSON(event.json)
    json["event_id"] = .string(eventID)
    return Set(requiredSigners(of: try Event(bytes: json.bytes, version: version)).map(\.text))
  }

  @Test(arguments: RoomVersion.all) func theSendersServer(version: RoomVersion) throws {
    #expect(try signers(version, type: EventType.topic, [:]) == ["domain"])
    #expect(try signers(version, ["membership": "join"]) == ["domain"])
    #expect(try signers(version, ["membership": "invite"]) == ["domain"])
  }

  @Test(arguments: Samples.versions(1...2))
  func theServerThatChoseTheID(version: RoomVersion) throws {
    #expect(
      try signers(version, ["membership": "join"], eventID: "$abc:other.example:8448")
        == ["domain", "other.example:8448"])
    #expect(try signers(version, ["membership": "join"], eventID: "$abc:domain") == ["domain"])
  }

  @Test(arguments: RoomVersion.all) func whoeverAuthorisesAJoin(version: RoomVersion) throws {
    let expected: Set = version.rules.allowsRestrictedJoins ? ["domain", "other"] : ["domain"]
    for membership in ["join", "leave"] {
      let content: JSON = [
        "membership": .string(membership), "join_authorised_via_users_server": "@bob:other",
      ]
      #expect(try signers(version, content) == expected)
    }
    for nobody: JSON in ["other", 1, .null] {
      let content: JSON = ["membership": "join", "join_authorised_via_users_server": nobody]
      #expect(try signers(version, content) == ["domain"])
    }
    #expect(
      try signers(
        version, type: EventType.topic, ["join_authorised_via_users_server": "@bob:other"])
        == ["domain"])
  }

  @Test(arguments: RoomVersion.all) func thirdPartyInvites(version: RoomVersion) throws {
    let content: JSON = ["membership": "invite", "third_party_invite": ["signed": [:]]]
    let statesID = version.rules.eventIDs == .stated
    #expect(try signers(version, content) == (statesID ? ["domain"] : []))
    let left: JSON = ["membership": "leave", "third_party_invite": ["signed": [:]]]
    #expect(try signers(version, left) == ["domain"])
  }
}
