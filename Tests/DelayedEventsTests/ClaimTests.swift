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
        2, by: "a", besides: [], lease: 10_000, now: world.clock.now())
      #expect(ids(claim.taken) == [soon, first])
      #expect(claim.nextDue == World.start + 5_000)
      // Whoever does not know what it has taken takes nothing that comes after it.
      #expect(try await world.claim().isEmpty)
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
      #expect(try await world.claim(as: "a").isEmpty)
      #expect(ids(try await world.claim(as: "a", besides: own)) == [second])
      world.clock.advance(by: 10_000)
      #expect(ids(try await world.claim(as: "b")) == [first, second, other])
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
        #expect(ids(try await world.claim()) == [other])
      }
      #expect(ids(try await world.claim()) == [first, second])
    }
  }

  @Test func whatIsLeftForLaterHoldsBackItsRoomUntilThen() async throws {
    try await World.with { world in
      let room = try await world.makeRoom()
      let first = try await world.say("1", in: room, delay: 100)
      let second = try await world.say("2", in: room, delay: 200)
      world.clock.advance(by: 200)
      let claimed = try await world.claim(as: "a", 1)
      try await world.claims.release(claimed, until: world.clock.now() + 500)
      #expect(try await world.claim(as: "a").isEmpty)
      #expect(try await world.claim(as: "b").isEmpty)
      world.clock.advance(by: 500)
      #expect(ids(try await world.claim(as: "b")) == [first, second])
      // Who has lost it can neither leave it to others nor end it.
      try await world.claims.release(claimed, until: 0)
      try await world.claims.fail(claimed[0], Array("{}".utf8), now: world.clock.now())
      #expect(try await world.claim(as: "a").isEmpty)
      #expect(try await world.state(first).end == nil)
    }
  }

  @Test func aRunnerThatBeginsAnewLeavesWhatItHeld() async throws {
    try await World.with { world in
      let room = try await world.makeRoom()
      let delayID = try await world.say("1", in: room)
      world.clock.advance(by: 1_000)
      _ = try await world.claim(as: "a")
      try await world.claims.releaseAll(of: "b")
      #expect(try await world.claim(as: "b").isEmpty)
      try await world.claims.releaseAll(of: "a")
      #expect(ids(try await world.claim(as: "b")) == [delayID])
    }
  }

  @Test func aLeaseFromBeforeTheClockWasSetBackIsNone() async throws {
    try await World.with { world in
      let room = try await world.makeRoom()
      let delayID = try await world.say("1", in: room)
      world.clock.advance(by: 1_000_000)
      _ = try await world.claim(as: "a")
      world.clock.advance(by: -500_000)
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
      #expect(await world.batch()(claimed) == .settled)
      #expect(try await world.state(delayID).end == nil)
      #expect(try await world.bodies(room).isEmpty)
      world.clock.advance(by: 1_000)
      #expect(await world.batch()(try await world.claim(as: "b")) == .settled)
      #expect(try await world.bodies(room) == ["1"])
    }
  }
}
