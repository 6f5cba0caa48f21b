import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import Testing

@Suite struct AuthEventSelectionTests {
  private static let sender = "@alice:domain"
  private static let target = "@bob:domain"
  private static let voucher = "@carol:domain"

  private static func members(_ users: String...) -> Set<StateTuple> {
    Set(users.map { StateTuple(EventType.member, $0) })
  }

  static let table: [(String, String?, JSON, Set<StateTuple>)] = [
    (EventType.message, nil, [:], members(sender)),
    (EventType.powerLevels, "", [:], members(sender)),
    (
      EventType.member, sender, ["membership": "join"],
      members(sender).union([.joinRules])
    ),
    (
      EventType.member, sender,
      ["membership": "join", "join_authorised_via_users_server": .string(voucher)],
      members(sender, voucher).union([.joinRules])
    ),
    (
      EventType.member, target, ["membership": "invite"],
      members(sender, target).union([.joinRules])
    ),
    (
      EventType.member, target,
      ["membership": "invite", "third_party_invite": ["signed": ["token": "abc"]]],
      members(sender, target)
        .union([.joinRules, StateTuple(EventType.thirdPartyInvite, "abc")])
    ),
    (
      EventType.member, target,
      ["membership": "invite", "join_authorised_via_users_server": .string(voucher)],
      members(sender, target).union([.joinRules])
    ),
    (EventType.member, sender, ["membership": "knock"], members(sender).union([.joinRules])),
    (EventType.member, target, ["membership": "leave"], members(sender, target)),
    (EventType.member, target, ["membership": "ban"], members(sender, target)),
    (
      EventType.member, sender,
      ["membership": "leave", "third_party_invite": ["signed": ["token": "abc"]]],
      members(sender)
    ),
  ]

  @Test(arguments: Samples.versions(1...7))
  func nobodyVouchesForAJoinBeforeJoinsAreRestricted(version: RoomVersion) throws {
    let content: JSON = [
      "membership": "join", "join_authorised_via_users_server": .string(Self.voucher),
    ]
    let keys = authEventKeys(
      type: EventType.member, stateKey: Self.sender,
      sender: try #require(UserID(Self.sender)), content: try JSONDocument(content.bytes).root,
      version: version)
    #expect(!keys.contains(StateTuple(EventType.member, Self.voucher)))
  }

  @Test(arguments: table)
  func selection(
    type: String, stateKey: String?, content: JSON, expected: Set<StateTuple>
  ) throws {
    let view = try JSONDocument(content.bytes).root
    let user = try #require(UserID(Self.sender))
    for version in RoomVersion.all {
      let isVouchedFor = content["join_authorised_via_users_server"] != nil
      if isVouchedFor, !version.rules.allowsRestrictedJoins { continue }
      let keys = authEventKeys(
        type: type, stateKey: stateKey, sender: user, content: view, version: version)
      let always: Set<StateTuple> =
        version == .v12 ? [.powerLevels] : [.powerLevels, .create]
      #expect(Set(keys) == expected.union(always), "version \(version)")
      #expect(Set(keys).count == keys.count)
    }
  }

  @Test func createEventsCiteNothing() throws {
    let view = try JSONDocument(Array("{}".utf8)).root
    let user = try #require(UserID(Self.sender))
    for version in RoomVersion.all {
      let keys = authEventKeys(
        type: EventType.create, stateKey: "", sender: user, content: view, version: version)
      #expect(keys.isEmpty)
    }
  }

  @Test func tuplesAreComparedByBytes() {
    #expect(StateTuple("a", "\u{E9}") != StateTuple("a", "e\u{301}"))
    #expect(StateTuple("\u{E9}") != StateTuple("e\u{301}"))
    #expect(Set([StateTuple("a", "\u{E9}"), StateTuple("a", "e\u{301}")]).count == 2)
  }
}
