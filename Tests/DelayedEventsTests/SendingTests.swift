import Accounts
import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import Rooms
import TestKit
import Testing

@testable import DelayedEvents

struct SendingTests {
  @Test func anEventIsWrittenAndFinishedTogether() async throws {
    try await World.with { world in
      let room = try await world.makeRoom()
      let delayID = try await world.say("hello", in: room)
      world.clock.advance(by: 1_000)
      #expect(await world.batch(try await world.claim()) == .settled)
      let sent = try #require(try await world.events(room).last)
      #expect(sent.delayID == delayID)
      #expect(sent.event.originServerTimestamp == World.start + 1_000)
      let end = try #require(try await world.state(delayID).end)
      #expect(end == DelayedEvent.End(outcome: .sent(sent.event.eventID), time: world.clock.now()))
    }
  }

  /// Only its sender is told, in `unsigned`.
  @Test func theDelayIsToldToTheSenderAlone() async throws {
    try await World.with { world in
      let room = try await world.makeRoom()
      let delayID = try await world.say("hello", in: room)
      try await world.manage(.send, delayID, by: world.alice)
      let sent = try #require(try await world.events(room).last)
      for (reader, told) in [
        (EventReader(userID: world.alice.userID, deviceID: "another"), delayID),
        (EventReader(userID: world.bob.userID, deviceID: "DEVICE"), nil), (nil, nil),
      ] {
        let bytes = ClientEvent.bytes(sent, reader: reader, now: 0)
        let unsigned = try JSONDocument(bytes).root["unsigned"]
        for name in ["delay_id", "org.matrix.msc4140.delay_id"] {
          #expect(unsigned?[name]?.string == told)
        }
      }
      let copy = try EventStreamRow.decode(JSONDocument(EventStreamRow.encode(sent)).root)
      #expect(copy.delayID == delayID)
    }
  }

  @Test func aRunnerThatWokeUpTooLateSendsNothingTwice() async throws {
    try await World.with { world in
      let room = try await world.makeRoom()
      for number in 1...5 { try await world.say("\(number)", in: room) }
      world.clock.advance(by: 1_000)
      let paused = try await world.claim(as: "a")
      try await world.endLease(of: "a")
      #expect(await world.batch(try await world.claim(as: "b")) == .settled)
      #expect(await world.batch(paused) == .settled)
      #expect(try await world.bodies(room) == ["1", "2", "3", "4", "5"])
    }
  }

  @Test func anAnswerThatWasLostIsFoundAgain() async throws {
    try await World.with { world in
      let room = try await world.makeRoom()
      let delayID = try await world.say("hello", in: room)
      world.clock.advance(by: 1_000)
      let claimed = try #require(try await world.claim().first)
      let intent = try await world.sender.intent(claimed.event, claim: claimed.claim)
      let first = try await world.sender.persist([intent], in: room)
      let again = try await world.sender.persist([intent], in: room)
      #expect(first == again)
      try await world.manage(.send, delayID, by: world.alice)
      #expect(try await world.bodies(room) == ["hello"])
    }
  }

  private struct Withdrawal: Sendable {
    let what: String
    let happens: @Sendable (World, ClaimedDelay) async throws -> Void
  }

  @Test func theOwnerOfTheRoomHasTheLastWord() async throws {
    let withdrawals = [
      Withdrawal(what: "cancelled") {
        try await $0.manage(.cancel, $1.event.delayID, by: $0.alice)
      },
      Withdrawal(what: "restarted") {
        try await $0.manage(.restart, $1.event.delayID, by: $0.alice)
      },
      Withdrawal(what: "failed") { world, claimed in
        try await world.fail(claimed)
      },
    ]
    try await World.with { world in
      for withdrawal in withdrawals {
        let room = try await world.makeRoom()
        try await world.say("hello", in: room)
        world.clock.advance(by: 1_000)
        let claimed = try #require(
          try await world.claim().first { $0.event.roomID == room })
        let intent = try await world.sender.intent(claimed.event, claim: claimed.claim)
        try await withdrawal.happens(world, claimed)
        do throws(PersistError) {
          _ = try await world.sender.persist([intent], in: room)
          Issue.record("sent although it was \(withdrawal.what)")
        } catch {
          guard case .withdrawn = error else { throw error }
        }
        #expect(try await world.bodies(room).isEmpty)
      }
    }
  }

  @Test func nothingIsSentThatIsNotDueByTheOwnersClock() async throws {
    try await World.with { world in
      let room = try await world.makeRoom()
      try await world.say("hello", in: room)
      world.clock.advance(by: 1_000)
      let claimed = try await world.claim()
      world.clock.advance(by: -1)
      #expect(await world.batch(claimed) == .unavailable)
      #expect(try await world.bodies(room).isEmpty)
      world.clock.advance(by: 1)
      #expect(await world.batch(claimed) == .settled)
      #expect(try await world.bodies(room) == ["hello"])
    }
  }

  /// Else its next events would come before the lost ones.
  @Test func whoHasLostAnEventGivesItsRoomUp() async throws {
    let losses: [@Sendable (World, [ClaimedDelay]) async throws -> Void] = [
      { world, _ in
        try await world.endLease(of: "a")
        _ = try await world.claim(as: "b", 1)
      },
      { world, claimed in try await world.claims.release([claimed[0]], rest: 0) },
      { world, _ in try await world.claims.leave() },
    ]
    try await World.with { world in
      for loss in losses {
        let room = try await world.makeRoom()
        for number in 1...3 { try await world.say("\(number)", in: room) }
        world.clock.advance(by: 1_000)
        let claimed = try await world.claim().filter { $0.event.roomID == room }
        #expect(claimed.count == 3)
        try await loss(world, claimed)
        #expect(await world.batch(claimed) == .lost)
        #expect(try await world.bodies(room).isEmpty)
        for delay in claimed {
          try await world.manage(.cancel, delay.event.delayID, by: world.alice)
        }
      }
    }
  }

  @Test func twoWishesForOneEventAreOneEvent() async throws {
    try await World.with { world in
      let room = try await world.makeRoom()
      let delayIDs = try await (0..<20).asyncMap { try await world.say("\($0)", in: room) }
      world.clock.advance(by: 1_000)
      let claimed = try await world.claim()
      await withTaskGroup(of: Void.self) { group in
        group.addTask { _ = await world.batch(claimed) }
        for id in delayIDs {
          group.addTask { try? await world.manage(.send, id, by: world.alice) }
        }
      }
      #expect(try await world.bodies(room).sorted() == (0..<20).map { "\($0)" }.sorted())
      for id in delayIDs {
        guard case .sent = try await world.state(id).end?.outcome else {
          Issue.record("not sent: \(id)")
          continue
        }
      }
    }
  }

  @Test func stateThatIsSoAlreadyIsSent() async throws {
    try await World.with { world in
      let room = try await world.makeRoom()
      var wish = try world.wish("a", in: room)
      (wish.type, wish.stateKey) = ("org.example.call", world.alice.userID.text)
      let ids = [
        try await world.schedule()(wish, by: world.alice),
        try await world.schedule()(wish, by: world.alice),
      ]
      world.clock.advance(by: 1_000)
      #expect(await world.batch(try await world.claim()) == .settled)
      let events = try await world.events(room).filter { $0.event.type == wish.type }
      #expect(events.count == 1)
      for id in ids {
        #expect(try await world.state(id).end?.outcome == .sent(events[0].event.eventID))
      }
      // And when nothing else is in the batch.
      let third = try await world.schedule()(wish, by: world.alice)
      world.clock.advance(by: 1_000)
      #expect(await world.batch(try await world.claim()) == .settled)
      #expect(try await world.state(third).end?.outcome == .sent(events[0].event.eventID))
    }
  }

  @Test func oneThatIsRefusedKeepsNoOtherBack() async throws {
    try await World.with { world in
      let room = try await world.makeRoom()
      let good = try await world.say("1", in: room, delay: 100)
      var wish = try world.wish("2", in: room, delay: 200)
      wish.type = "m.room.redaction"
      let bad = try await world.schedule()(wish, by: world.alice)
      var other = try world.wish("3", in: room, delay: 300)
      (other.type, other.stateKey) = ("org.example.own", world.bob.userID.text)
      let refused = try await world.schedule()(other, by: world.alice)
      let last = try await world.say("4", in: room, delay: 400)
      world.clock.advance(by: 1_000)
      #expect(await world.batch(try await world.claim()) == .settled)
      #expect(try await world.bodies(room) == ["1", "4"])
      for id in [bad, refused] {
        let outcome = try await world.state(id).end?.outcome
        #expect(outcome == .failed(Array("{\"error\":\"RoomError\"}".utf8)))
      }
      for id in [good, last] {
        guard case .sent = try await world.state(id).end?.outcome else {
          Issue.record("not sent: \(id)")
          continue
        }
      }
    }
  }

  /// Nobody else has taken it: it would only be later.
  @Test func aLeaseThatHasEndedStopsNothing() async throws {
    try await World.with { world in
      let room = try await world.makeRoom()
      for number in 1...3 { try await world.say("\(number)", in: room) }
      world.clock.advance(by: 1_000)
      let claimed = try await world.claim()
      try await world.endLease(of: "a")
      #expect(await world.batch(claimed) == .settled)
      #expect(try await world.bodies(room) == ["1", "2", "3"])
    }
  }
}

extension Range<Int> {
  func asyncMap<Value>(_ make: (Int) async throws -> Value) async rethrows -> [Value] {
    var values: [Value] = []
    for number in self { values.append(try await make(number)) }
    return values
  }
}
