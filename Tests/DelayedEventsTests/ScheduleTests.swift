import Accounts
import MatrixIdentifiers
import MatrixJSON
import Rooms
import TestKit
import Testing

@testable import DelayedEvents

struct ScheduleTests {
  @Test func aTransactionIsCarriedOutOnce() async throws {
    try await World.with { world in
      let (room, other) = (try await world.makeRoom(), try await world.makeRoom())
      let schedule = world.schedule()
      let first = try await schedule(
        world.wish("a", in: room, transaction: "t"), by: world.alice)
      let again = try await schedule(
        world.wish("a", in: room, transaction: "t"), by: world.alice)
      let elsewhere = try await schedule(
        world.wish("a", in: other, transaction: "t"), by: world.alice)
      var sticker = try world.wish("a", in: room, transaction: "t")
      sticker.type = "m.sticker"
      let ofType = try await schedule(sticker, by: world.alice)
      let unnamed = [
        try await world.say("a", in: room), try await world.say("a", in: room),
      ]
      #expect(first == again)
      #expect(Set([first, elsewhere, ofType] + unnamed).count == 5)
    }
  }

  @Test func aRepeatedTransactionIsNoMoreThanTheLimit() async throws {
    try await World.with { world in
      let room = try await world.makeRoom()
      let schedule = world.schedule(
        DelayedEventLimits(longestDelay: 60_000, perUser: 2, keptPerUser: 1, keptFor: 1))
      let wish = try world.wish("a", in: room, delay: 50_000, transaction: "t")
      let first = try await schedule(wish, by: world.alice)
      let next = try await schedule(world.wish("b", in: room, delay: 7_000), by: world.alice)
      #expect(try await schedule(wish, by: world.alice) == first)
      world.clock.advance(by: 500)
      await #expect(throws: DelayedEventError.tooMany(retryAfter: 6_500)) {
        try await schedule(world.wish("c", in: room), by: world.alice)
      }
      try await world.manage(.cancel, next, by: world.alice)
      _ = try await schedule(world.wish("c", in: room), by: world.alice)
    }
  }

  @Test func manyAtOnceDoNotPassTheLimit() async throws {
    try await World.with { world in
      let room = try await world.makeRoom()
      let schedule = world.schedule(
        DelayedEventLimits(longestDelay: 60_000, perUser: 5, keptPerUser: 1, keptFor: 1))
      let taken = await withTaskGroup(of: Bool.self) { group in
        for number in 0..<20 {
          group.addTask {
            (try? await schedule(world.wish("\(number)", in: room), by: world.alice)) != nil
          }
        }
        return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
      }
      #expect(taken == 5)
    }
  }

  private struct Refusal: Sendable {
    let error: DelayedEventError
    let limits: DelayedEventLimits
    let change: @Sendable (inout ScheduleDelayedEvent.Wish) -> Void

    init(
      _ error: DelayedEventError, _ limits: DelayedEventLimits = World.limits,
      _ change: @escaping @Sendable (inout ScheduleDelayedEvent.Wish) -> Void = { _ in }
    ) {
      self.error = error
      self.limits = limits
      self.change = change
    }
  }

  @Test func whatCannotBeIsRefused() async throws {
    func limits(_ longest: Int64?, _ count: Int64) -> DelayedEventLimits {
      DelayedEventLimits(longestDelay: longest, perUser: count, keptPerUser: 1, keptFor: 1)
    }
    let refusals = [
      Refusal(.disabled, limits(nil, 100)), Refusal(.disabled, limits(0, 100)),
      Refusal(.disabled, limits(1_000, 0)),
      Refusal(.delayTooLong(limit: 100_000)) { $0.delay = 100_001 },
      Refusal(.badDelay) { $0.delay = 0 }, Refusal(.badDelay) { $0.delay = -1 },
      Refusal(.unusable(field: "the event type")) { $0.type = "a\0b" },
      Refusal(.unusable(field: "the event type")) { $0.type = String(repeating: "a", count: 256) },
      Refusal(.unusable(field: "state_key")) { $0.stateKey = "\0" },
      Refusal(.unusable(field: "the transaction id")) { $0.transactionID = "\0" },
      Refusal(.unusable(field: "the transaction id")) {
        $0.transactionID = String(repeating: "t", count: 1_025)
      },
    ]
    try await World.with { world in
      let room = try await world.makeRoom()
      for refusal in refusals {
        var wish = try world.wish("a", in: room)
        refusal.change(&wish)
        await #expect(throws: refusal.error) {
          try await world.schedule(refusal.limits)(wish, by: world.alice)
        }
      }
      await #expect(throws: RoomError.notInRoom) {
        try await world.schedule()(world.wish("a", in: room), by: world.bob)
      }
      await #expect(throws: RoomError.tooLarge) {
        let text = String(repeating: "x", count: 70_000)
        _ = try await world.schedule()(world.wish(text, in: room), by: world.alice)
      }
      let page = try await world.read.page(of: world.alice.userID, DelayedEventFilter())
      #expect(page.events.isEmpty)
    }
  }
}
