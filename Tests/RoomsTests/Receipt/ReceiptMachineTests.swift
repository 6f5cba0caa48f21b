import EventAuth
import MatrixCrypto
import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import Testing

@testable import Rooms

struct ReceiptMachineTests {
  typealias Fixture = ReceiptFixture
  typealias Case = (inout Fixture) throws -> ReceiptVerdict

  private static func expect(
    _ verdict: ReceiptVerdict, in versions: [RoomVersion] = RoomVersion.all,
    joinRule: JSON = ["join_rule": "public"],
    from location: SourceLocation = #_sourceLocation, _ run: Case
  ) throws {
    for version in versions {
      var fixture = try Fixture(version, joinRule: joinRule)
      let given = try run(&fixture)
      #expect(given == verdict, "room version \(version)", sourceLocation: location)
    }
  }

  private static let whole = ReceiptVerdict.accept(isRedacted: false)
  private static let stated = [RoomVersion.v1, .v2]
  private static let hashed = RoomVersion.all.filter { !stated.contains($0) }
  private static let restricted = RoomVersion.all.filter { $0.rules.allowsRestrictedJoins }
  private static let byName = RoomVersion.all.filter { !$0.rules.roomIDIsCreateHash }

  private static func rejected(_ rule: AuthRule) -> ReceiptVerdict {
    .reject(AuthRejection(rule))
  }

  // MARK: All is well

  @Test(arguments: ReceiptKind.allCases)
  func aGoodEventIsAccepted(_ kind: ReceiptKind) throws {
    try Self.expect(Self.whole) { fixture in
      try fixture.receive(try fixture.build(fixture.message(Fixture.bob)).bytes, kind)
    }
  }

  @Test func aCreateEventNeedsNothing() throws {
    try Self.expect(Self.whole) { fixture in
      let create = try present(fixture.state[.create], "create event")
      return try fixture.receive(create.bytes, .history, before: [:])
    }
  }

  // MARK: Check 1

  @Test func whatIsNoEventIsDropped() throws {
    try Self.expect(.drop(.malformed(.malformed(key: "depth")))) { fixture in
      let event = try fixture.build(fixture.message(Fixture.bob))
      return try fixture.receive(try Fixture.changed(event) { $0["depth"] = "deep" })
    }
    for version in RoomVersion.all {
      let verdict = try Fixture(version).receive(Array("{\"type\":".utf8))
      guard case .drop(.malformed(.json)) = verdict else {
        Issue.record("\(verdict) in room version \(version)")
        continue
      }
    }
  }

  @Test func anEventOfAnotherRoomIsDropped() throws {
    try Self.expect(.drop(.otherRoom)) { fixture in
      let event = try fixture.build(fixture.message(Fixture.bob))
      return try fixture.receive(
        try Fixture.changed(event) { $0["room_id"] = "!other:a.example" })
    }
  }

  /// The database could not hold it.
  @Test(arguments: ["type", "state_key"])
  func whatCannotBeStoredIsDropped(_ key: String) throws {
    try Self.expect(.drop(.malformed(.malformed(key: key)))) { fixture in
      let event = try fixture.build(fixture.message(Fixture.bob))
      return try fixture.receive(try Fixture.changed(event) { $0[key] = "a\0b" })
    }
  }

  // MARK: Check 2

  @Test func theSendersServerHasToSign() throws {
    try Self.expect(.drop(.unsigned(try Fixture.server("b.example"))), in: Self.hashed) {
      fixture in
      var draft = fixture.message(Fixture.bob)
      draft.signer = "c.example"
      return try fixture.receive(try fixture.build(draft).bytes)
    }
  }

  @Test func theServerOfTheEventIDHasToSignToo() throws {
    try Self.expect(.drop(.unsigned(try Fixture.server("c.example"))), in: Self.stated) {
      fixture in
      var draft = fixture.message(Fixture.bob)
      // Its id is then of that server.
      draft.signer = "c.example"
      let signed = try Fixture.signed(try fixture.build(draft), by: "b.example")
      let event = try Event(bytes: signed, version: fixture.version)
      return try fixture.receive(
        try Fixture.changed(event) { json in
          var signatures = json["signatures"] ?? [:]
          signatures["c.example"] = nil
          json["signatures"] = signatures
        })
    }
    try Self.expect(Self.whole, in: Self.stated) { fixture in
      var draft = fixture.message(Fixture.bob)
      draft.signer = "c.example"
      return try fixture.receive(
        try Fixture.signed(try fixture.build(draft), by: "b.example"))
    }
  }

  @Test func aWrongSignatureIsDropped() throws {
    try Self.expect(.drop(.badSignature(try Fixture.server("b.example")))) { fixture in
      let event = try fixture.build(fixture.message(Fixture.bob))
      return try fixture.receive(
        try Fixture.changed(event) { $0["origin_server_ts"] = .integer(Fixture.now - 1) })
    }
  }

  @Test func unknownKeysDoNotCount() throws {
    let server = try Fixture.server("b.example")
    try Self.expect(.drop(.unsigned(server))) { fixture in
      fixture.keys = ServerKeys()
      return try fixture.receive(try fixture.build(fixture.message(Fixture.bob)).bytes)
    }
    try Self.expect(Self.whole) { fixture in
      let event = try fixture.build(fixture.message(Fixture.bob))
      return try fixture.receive(
        try Fixture.changed(event) { json in
          var signatures = json["signatures"] ?? [:]
          var own = signatures["b.example"] ?? [:]
          own["ed25519:unknown"] = "AAAA"
          own["other:1"] = "AAAA"
          signatures["b.example"] = own
          json["signatures"] = signatures
        })
    }
  }

  /// Who passes an event on can add signatures, but not make it count for less.
  @Test func anyNumberOfUnknownKeysDoesNotCount() throws {
    try Self.expect(Self.whole) { fixture in
      let event = try fixture.build(fixture.message(Fixture.bob))
      return try fixture.receive(
        try Fixture.changed(event) { json in
          var signatures = json["signatures"] ?? [:]
          var own = signatures["b.example"] ?? [:]
          for number in 0..<100 { own["ed25519:0\(number)"] = "AAAA" }
          signatures["b.example"] = own
          json["signatures"] = signatures
        })
    }
  }

  /// spec: rooms/v5#signing-key-validity-period
  @Test func keysThatAreOutOfDateDoNotCountFromVersionFiveOn() throws {
    let server = try Fixture.server("b.example")
    for version in RoomVersion.all {
      var fixture = try Fixture(version)
      let key = try Fixture.key("b.example")
      fixture.keys.add(
        try present(VerifyKey(key.publicKey), "key"), server: server, id: key.keyID,
        validUntil: Fixture.now - 1)
      let verdict = try fixture.receive(try fixture.build(fixture.message(Fixture.bob)).bytes)
      let counts = [RoomVersion.v1, .v2, .v3, .v4].contains(version)
      #expect(verdict == (counts ? Self.whole : .drop(.unsigned(server))), "\(version)")
    }
  }

  @Test func theServerThatAuthorisesAJoinHasToSign() throws {
    let rule: JSON = ["join_rule": "restricted", "allow": []]
    let extra: [String: JSON] = ["join_authorised_via_users_server": .string(Fixture.alice)]
    try Self.expect(
      .drop(.unsigned(try Fixture.server("a.example"))), in: Self.restricted, joinRule: rule
    ) { fixture in
      let join = try fixture.build(
        fixture.member(Fixture.carol, Fixture.carol, "join", extra))
      return try fixture.receive(join.bytes)
    }
    try Self.expect(Self.whole, in: Self.restricted, joinRule: rule) { fixture in
      let join = try fixture.build(
        fixture.member(Fixture.carol, Fixture.carol, "join", extra))
      return try fixture.receive(try Fixture.signed(join, by: "a.example"))
    }
  }

  /// An invite of Carol that Alice issued and that Bob's server exchanged.
  private static func exchangedInvite(_ fixture: inout Fixture) throws -> Event {
    let identity = try Fixture.key("identity")
    try fixture.send(
      fixture.draft(
        Fixture.alice, EventType.thirdPartyInvite,
        [
          "display_name": "c", "key_validity_url": "x",
          "public_key": .string(UnpaddedBase64.encode(identity.publicKey)),
        ], key: "token"))
    let invited: JSON = ["mxid": .string(Fixture.carol), "token": "token"]
    let signed = try JSONSigning.sign(
      JSONDocument(invited.bytes).root, server: try Fixture.server("id.example"), key: identity)
    var draft = fixture.member(
      Fixture.alice, Fixture.carol, "invite",
      ["third_party_invite": ["display_name": "c", "signed": JSON(try JSONDocument(signed).root)]])
    draft.signer = "b.example"
    return try fixture.build(draft)
  }

  /// Whoever exchanges a third-party invite may be any server of the room.
  @Test func theInviterNeedNotSignAThirdPartyInvite() throws {
    try Self.expect(Self.whole, in: Self.hashed) { fixture in
      let invite = try Self.exchangedInvite(&fixture)
      return try fixture.receive(invite.bytes)
    }
  }

  /// What is left of it is an invite like any other, which its sender has to sign.
  @Test func aThirdPartyInviteThatIsNotGenuineHasToBeSigned() throws {
    let unsigned = ReceiptVerdict.drop(.unsigned(try Fixture.server("a.example")))
    let early = Self.hashed.filter { [.v11, .v12].contains($0) == false }
    try Self.expect(unsigned, in: early) { fixture in
      let invite = try Self.exchangedInvite(&fixture)
      return try fixture.receive(
        try Fixture.changed(invite) { $0["hashes"] = ["sha256": "AAAA"] })
    }
    try Self.expect(unsigned, in: Self.hashed) { fixture in
      var draft = fixture.member(
        Fixture.alice, Fixture.carol, "invite", ["third_party_invite": "x"])
      draft.signer = "b.example"
      let invite = try fixture.build(draft)
      return try fixture.receive(
        try Fixture.changed(invite) { $0["hashes"] = ["sha256": "AAAA"] })
    }
  }

  // MARK: Check 3

  @Test func contentThatIsNotGenuineIsLeftOut() throws {
    for version in RoomVersion.all {
      let fixture = try Fixture(version)
      let event = try fixture.build(fixture.message(Fixture.bob))
      let bytes = try Fixture.changed(event) { $0["content"] = ["body": "forged"] }
      #expect(try fixture.receive(bytes) == .accept(isRedacted: true))
      var machine = ReceiptMachine(bytes, in: fixture.room, version: version, kind: .live)
      machine.give(fixture.keys)
      #expect(machine.event?.eventID == event.eventID)
      #expect(machine.event?.content.count == 0)
      #expect(machine.event?.bytes == redactedBytes(of: event))
    }
  }

  @Test func whatARedactionKeepsIsCovered() throws {
    try Self.expect(.drop(.badSignature(try Fixture.server("b.example"))), in: Self.stated) {
      fixture in
      let join = try fixture.build(fixture.member(Fixture.bob, Fixture.bob, "join"))
      return try fixture.receive(
        try Fixture.changed(join) { $0["content"] = ["membership": "leave"] })
    }
  }

  // MARK: Check 4

  @Test func citedEventsHaveToBeHere() throws {
    for version in RoomVersion.all {
      var fixture = try Fixture(version)
      let levels = try present(fixture.state[.powerLevels], "power levels").eventID
      let event = try fixture.build(fixture.message(Fixture.bob))
      fixture.forget(levels)
      #expect(try fixture.receive(event.bytes) == .drop(.missingAuthEvents([levels])))
    }
  }

  @Test func theImpliedCreateEventHasToBeHere() throws {
    var fixture = try Fixture(.v12)
    let create = try present(fixture.state[.create], "create event").eventID
    let event = try fixture.build(fixture.message(Fixture.bob))
    fixture.forget(create)
    #expect(try fixture.receive(event.bytes) == .drop(.missingAuthEvents([create])))
  }

  @Test func anEventThatCitesARejectedOneIsRejected() throws {
    try Self.expect(Self.rejected(.authEventsRejected)) { fixture in
      let event = try fixture.build(fixture.message(Fixture.bob))
      fixture.reject(try present(fixture.state[.powerLevels], "power levels").eventID)
      return try fixture.receive(event.bytes)
    }
    try Self.expect(Self.rejected(.roomNoCreate), in: [.v12]) { fixture in
      let event = try fixture.build(fixture.message(Fixture.bob))
      fixture.reject(try present(fixture.state[.create], "create event").eventID)
      return try fixture.receive(event.bytes)
    }
  }

  @Test func anEventHasToCiteTheCreateEvent() throws {
    try Self.expect(Self.rejected(.authEventsNoCreate), in: Self.byName) { fixture in
      var draft = fixture.message(Fixture.bob)
      draft.cited = try [StateTuple.powerLevels, .member(try RoomFixture.user(Fixture.bob))].map {
        try present(fixture.state[$0], "state").eventID
      }
      return try fixture.receive(try fixture.build(draft).bytes)
    }
  }

  @Test func anEventMustNotCiteAnotherRoom() throws {
    try Self.expect(Self.rejected(.authEventsOtherRoom), in: [.v12]) { fixture in
      var other = try Fixture(.v12)
      let levels = try other.send(
        other.draft(Fixture.alice, EventType.powerLevels, ["users": [Fixture.bob: 50]]))
      // Rooms of the same events have one id: this one begins otherwise.
      let stranger = try Self.stranger(levels)
      fixture.cited[stranger.eventID] = CitedEvent(event: stranger, isRejected: false)
      var draft = fixture.message(Fixture.bob)
      let member = try present(
        fixture.state[.member(try RoomFixture.user(Fixture.bob))], "member"
      ).eventID
      draft.cited = [stranger.eventID, member]
      return try fixture.receive(try fixture.build(draft).bytes)
    }
  }

  private static func stranger(_ event: Event) throws -> Event {
    let bytes = try Fixture.changed(event) { json in
      json["room_id"] = .string("!" + String(repeating: "B", count: 43))
    }
    return try Event(bytes: bytes, version: event.version)
  }

  @Test func anEventMustNotCiteTwoForOnePlace() throws {
    try Self.expect(Self.rejected(.authEventsDuplicate)) { fixture in
      var draft = fixture.message(Fixture.bob)
      let first = try present(fixture.state[.powerLevels], "power levels")
      let second = try fixture.send(
        fixture.draft(Fixture.alice, EventType.powerLevels, JSON(first.content)))
      draft.cited = [first.eventID, second.eventID]
      return try fixture.receive(try fixture.build(draft).bytes)
    }
  }

  @Test func anEventMustNotCiteOneTwice() throws {
    try Self.expect(Self.rejected(.authEventsDuplicate)) { fixture in
      var draft = fixture.message(Fixture.bob)
      let levels = try present(fixture.state[.powerLevels], "power levels").eventID
      draft.cited = [levels, levels]
      return try fixture.receive(try fixture.build(draft).bytes)
    }
  }

  @Test func anEventMustNotCiteWhatHasNothingToDoWithIt() throws {
    try Self.expect(Self.rejected(.authEventsUnexpected)) { fixture in
      var draft = fixture.message(Fixture.bob)
      draft.cited = [try present(fixture.state[.joinRules], "join rules").eventID]
      return try fixture.receive(try fixture.build(draft).bytes)
    }
  }

  @Test(arguments: ReceiptKind.allCases)
  func whatItCitesHasToAllowAnEvent(_ kind: ReceiptKind) throws {
    try Self.expect(Self.rejected(.senderNotJoined)) { fixture in
      try fixture.receive(try fixture.build(fixture.message(Fixture.carol)).bytes, kind)
    }
  }

  // MARK: Check 5

  @Test(arguments: [ReceiptKind.live, .history])
  func theStateBeforeItHasToAllowAnEvent(_ kind: ReceiptKind) throws {
    try Self.expect(Self.rejected(.senderNotJoined)) { fixture in
      let event = try fixture.build(fixture.message(Fixture.bob))
      var before = fixture.state
      before[.member(try RoomFixture.user(Fixture.bob))] = nil
      return try fixture.receive(event.bytes, kind, before: before)
    }
  }

  @Test func thePlaceOfAnOutlierIsNotLookedAt() throws {
    try Self.expect(Self.whole) { fixture in
      try fixture.receive(
        try fixture.build(fixture.message(Fixture.bob)).bytes, .outlier, before: [:], now: [:])
    }
  }

  // MARK: Check 6

  @Test func whatIsNotAllowedAnyMoreFailsSoftly() throws {
    try Self.expect(.softFail(AuthRejection(.senderNotJoined))) { fixture in
      let before = fixture.state
      let event = try fixture.build(fixture.message(Fixture.bob))
      try fixture.send(fixture.member(Fixture.alice, Fixture.bob, "ban"))
      return try fixture.receive(event.bytes, before: before)
    }
  }

  @Test func historyIsNotHeldAgainstThePresent() throws {
    try Self.expect(Self.whole) { fixture in
      let before = fixture.state
      let event = try fixture.build(fixture.message(Fixture.bob))
      try fixture.send(fixture.member(Fixture.alice, Fixture.bob, "ban"))
      return try fixture.receive(event.bytes, .history, before: before)
    }
  }
}
