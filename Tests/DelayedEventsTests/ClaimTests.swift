import Accounts
import MatrixIdentifiers
import Postgres
import TestKit
import Testing

@testable import DelayedEvents

struct ClaimTests {
  private func ids(_ delays: [ClaimedDelay]) -> [String] { delays.map(\.event.delayID) }

  @Test func whatIsDueIsTakenOnceInTheOrderOfTimes() async throws {
    try await World.with { world in
      let rooms = [try await world.makeRoom(), try await world.makeRoom()]
      let late = try await world.say("late", in: rooms[0], delay: 900)
      let soon = try await world.say("soon", in: rooms[1], delay: 300)
      let first = try await world.say("first", in: rooms[0], delay: 300)
      let never = try await world.say("never", in: rooms[1], delay: 5_000)
      world.clock.advance(by: 299)
      #expect(try await world.claim().isEmpty)
      world.clock.advance(by: 701)
      let claim = try await world.claims.claim(
        2, besides: [], lease: 60_000, now: world.clock.now())
      #expect(ids(claim.taken) == [soon, first])
      #expect(claim.nextDue == World.start + 5_000)
      #expect(ids(try await world.claim(besides: claim.taken)) == [late])
      #expect(try await world.state(never).end == nil)
    }
  }

  @Test func aRoomIsOneRunnersAtATime() async throws {
    try await World.with { world in
      let rooms = [try await world.makeRoom(), try await world.makeRoom()]
      let first = try await world.say("1", in: rooms[0], delay: 100)
      let second = try await world.say("2", in: rooms[0], delay: 200)
      let other = try await world.say("3", in: rooms[1], delay: 300)
      world.clock.advance(by: 300)
      let own = try await world.claim(as: "a", 1)
      #expect(ids(own) == [first])
      #expect(ids(try await world.claim(as: "b")) == [other])
      #expect(ids(try await world.claim(as: "a", besides: own)) == [second])
      try await world.endLease(of: "a")
      try await world.endLease(of: "b")
      #expect(ids(try await world.claim(as: "c")) == [first, second, other])
      // What was lost does not count.
      let third = try await world.say("4", in: rooms[0], delay: 100)
      world.clock.advance(by: 100)
      #expect(try await world.claim(as: "a", besides: own).isEmpty)
      #expect(try await world.state(third).end == nil)
    }
  }

  /// The owner may be killed while it finishes an event.
  @Test func nothingIsTakenThatComesAfterWhatIsBeingFinished() async throws {
    try await World.with { world in
      let rooms = [try await world.makeRoom(), try await world.makeRoom()]
      let first = try await world.say("1", in: rooms[0], delay: 100)
      let second = try await world.say("2", in: rooms[0], delay: 200)
      let other = try await world.say("3", in: rooms[1], delay: 300)
      world.clock.advance(by: 300)
      let lock = StoredDelays().lock([first])
      try await world.database.transaction { transaction in
        _ = try await transaction.queryAll([lock])
        let claim = try await world.claims.claim(
          9, besides: [], lease: 60_000, now: world.clock.now())
        #expect(ids(claim.taken) == [other])
        #expect(claim.isHeldBack)
        try await world.claims.release(claim.taken, rest: 0)
      }
      #expect(ids(try await world.claim()) == [first, second, other])
    }
  }

  @Test func whatIsLeftForLaterHoldsBackItsRoomUntilThen() async throws {
    try await World.with { world in
      let room = try await world.makeRoom()
      let first = try await world.say("1", in: room, delay: 100)
      let second = try await world.say("2", in: room, delay: 200)
      world.clock.advance(by: 200)
      let claimed = try await world.claim(as: "a", 1)
      try await world.claims.release(claimed, rest: 9_000)
      #expect(try await world.claim(as: "a").isEmpty)
      let claim = try await world.claims(of: "b").claim(
        9, besides: [], lease: 60_000, now: world.clock.now())
      #expect(claim.taken.isEmpty)
      #expect((8_000...9_000).contains(try #require(claim.nextFree)))
      try await world.endRest(of: first)
      #expect(ids(try await world.claim(as: "b")) == [first, second])
      // Who has lost it can neither leave it to others nor end it.
      try await world.claims.release(claimed, rest: 0)
      try await world.fail(claimed[0])
      #expect(try await world.claim(as: "a").isEmpty)
      #expect(try await world.state(first).end == nil)
    }
  }

  /// As when it was given them by an answer that it never got, or to its name before it began.
  @Test func whatARunnerHoldsWithoutKnowingIsGivenToItAgain() async throws {
    try await World.with { world in
      let room = try await world.makeRoom()
      let first = try await world.say("1", in: room)
      let second = try await world.say("2", in: room, delay: 1_100)
      world.clock.advance(by: 1_000)
      let lost = try await world.claim(as: "a")
      world.clock.advance(by: 100)
      #expect(try await world.claim(as: "b").isEmpty)
      #expect(ids(try await world.claim(as: "a")) == [first, second])
      #expect(await world.batch(lost) == .lost)
      try await world.claims.leave()
      #expect(ids(try await world.claim(as: "b")) == [first, second])
    }
  }

  @Test func itIsToldWhenTheLeasesOfOthersEnd() async throws {
    try await World.with { world in
      let room = try await world.makeRoom()
      try await world.say("1", in: room)
      func claim(_ holder: String, _ lease: Int64) async throws -> ClaimStore.Claim {
        try await world.claims(of: holder).claim(
          9, besides: [], lease: lease, now: world.clock.now())
      }
      _ = try await claim("b", 20_000)
      #expect(try await claim("a", 60_000).nextFree == nil)
      world.clock.advance(by: 1_000)
      #expect(try await claim("a", 60_000).taken.count == 1)
      let others = try await claim("b", 20_000)
      #expect(others.taken.isEmpty && !others.isHeldBack)
      #expect((50_000...60_000).contains(try #require(others.nextFree)))
    }
  }

  @Test func aRestThatIsFromBeforeTheClockWasSetBackIsNone() async throws {
    try await World.with { world in
      let room = try await world.makeRoom()
      let delayID = try await world.say("1", in: room)
      world.clock.advance(by: 1_000)
      try await world.claims.release(try await world.claim(), rest: 9_000)
      try await world.endRest(of: delayID, by: 1_000_000)
      #expect(ids(try await world.claim(as: "b")) == [delayID])
    }
  }

  @Test func aRestartTakesItFromWhoHoldsIt() async throws {
    try await World.with { world in
      let room = try await world.makeRoom()
      let delayID = try await world.say("1", in: room)
      world.clock.advance(by: 1_000)
      let claimed = try await world.claim(as: "a")
      try await world.manage(.restart, delayID, by: world.alice)
      #expect(await world.batch(claimed) == .settled)
      #expect(try await world.state(delayID).end == nil)
      #expect(try await world.bodies(room).isEmpty)
      world.clock.advance(by: 1_000)
      #expect(await world.batch(try await world.claim(as: "b")) == .settled)
      #expect(try await world.bodies(room) == ["1"])
    }
  }
}

extension World {
  private static let moveRest = Statement(
    "test_move_rest", "UPDATE delayed_events SET lease_until = lease_until + $2 WHERE delay_id = $1"
  )

  /// - Parameter step: milliseconds by which the end is moved.
  fileprivate func endRest(of delayID: String, by step: Int64 = -10_000) async throws {
    _ = try await database.query(Self.moveRest, [.text(delayID), .int(step)])
  }
}
