import Executors
import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import Rooms
import Streams
import TestKit
import Testing

@testable import Sync

struct LongPollTests {
  /// Long enough to tell that an answer did not come because the time was up.
  private static let long = Duration.seconds(170)

  /// Waits until the user's request waits in the worker.
  private func wait(for user: String, in worker: Worker, count: Int = 1) async throws {
    let user = try present(UserID(user), "user id")
    try await eventually {
      worker.engine.memory.withState { $0.waiters[user]?.count ?? 0 } == count
    }
  }

  private func waiters(_ worker: Worker) -> Int {
    worker.engine.memory.withState { $0.waiters.count }
  }

  /// What a request of the user is answered that waits while the action happens.
  private func answer(
    to user: String, of worker: Worker, since: SyncToken,
    during action: () async throws -> Void
  ) async throws -> Answer {
    async let answer = worker.sync(user, since: since, timeout: Self.long)
    try await wait(for: user, in: worker)
    try await action()
    return try await answer
  }

  @Test func aMessageWakes() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      let since = try await world.main.sync(World.alice).next
      let answer = try await answer(to: World.alice, of: world.main, since: since) {
        try await world.say("news", in: room)
      }
      #expect(answer.joined(room)?.bodies == ["news"])
      #expect(waiters(world.main) == 0)
    }
  }

  @Test func whatClientsAreNotToldWakesNobody() async throws {
    try await withTwoWorkers { world, worker in
      let room = try await world.makeRoom()
      var since = try await world.main.sync(World.alice).next
      for one in [world.main, worker] {
        let answer = try await answer(to: World.alice, of: one, since: since) {
          let hidden = EventIntent(
            type: EventType.dummy, sender: try world.user(World.alice), content: Array("{}".utf8))
          _ = try await world.writer.persist(PersistRequest(roomID: room, intents: [hidden]))
          try await world.say("news", in: room)
        }
        #expect(answer.joined(room)?.bodies == ["news"])
        #expect(answer.joined(room)?.timeline.count == 1)
        since = answer.next
      }
    }
  }

  @Test func aMessageWakesOnAnotherWorker() async throws {
    try await withTwoWorkers { world, worker in
      let room = try await world.makeRoom()
      let since = try await world.main.sync(World.alice).next
      let answer = try await answer(to: World.alice, of: worker, since: since) {
        try await world.say("news", in: room)
      }
      #expect(answer.joined(room)?.bodies == ["news"])
    }
  }

  @Test func allRequestsOfAllMembersWake() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      try await world.member(World.bob, "join", in: room)
      let since = try await world.main.sync(World.alice).next
      _ = try await world.main.sync(World.bob)
      async let one = world.main.sync(
        World.alice, since: since, timeout: Self.long, device: "one")
      async let two = world.main.sync(
        World.alice, since: since, timeout: Self.long, device: "two")
      async let three = world.main.sync(World.bob, since: since, timeout: Self.long)
      try await wait(for: World.alice, in: world.main, count: 2)
      try await wait(for: World.bob, in: world.main)
      try await world.say("news", in: room)
      for answer in [try await one, try await two, try await three] {
        #expect(answer.joined(room)?.bodies == ["news"])
      }
    }
  }

  @Test func anInvitationWakes() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      let since = try await world.main.sync(World.bob).next
      let answer = try await answer(to: World.bob, of: world.main, since: since) {
        try await world.member(World.bob, "invite", in: room, by: World.alice)
      }
      #expect(answer.invited(room) != nil)
    }
  }

  @Test func beingKickedWakes() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      try await world.member(World.bob, "join", in: room)
      let since = try await world.main.sync(World.bob).next
      let answer = try await answer(to: World.bob, of: world.main, since: since) {
        try await world.member(World.bob, "leave", in: room, by: World.alice)
      }
      #expect(answer.left(room) != nil)
    }
  }

  /// News elsewhere do not end the wait; the next own news do, and are told once.
  @Test func otherRoomsDoNotWake() async throws {
    try await withWorld { world in
      let (room, other) = (try await world.makeRoom(), try await world.makeRoom())
      try await world.member(World.bob, "join", in: room)
      let since = try await world.main.sync(World.bob).next
      let told = try await answer(to: World.bob, of: world.main, since: since) {
        try await world.say(1...3, in: other)
        #expect(waiters(world.main) == 1)
        try await world.say("news", in: room)
      }
      #expect(told.rooms("join").count == 1)
      #expect(told.joined(room)?.bodies == ["news"])
      let next = try await world.main.sync(World.bob, since: told.next)
      #expect(next.isEmpty)
    }
  }

  @Test func whatIsNewAlreadyIsNotWaitedFor() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      let since = try await world.main.sync(World.alice).next
      try await world.say("news", in: room)
      let answer = try await world.main.sync(World.alice, since: since, timeout: Self.long)
      #expect(answer.joined(room)?.bodies == ["news"])
      // The first answer is complete at once, whatever it holds.
      let first = try await world.main.sync(World.carol, timeout: Self.long)
      #expect(first.isEmpty)
    }
  }

  @Test func theTimeEndsAWait() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      let since = try await world.main.sync(World.alice).next
      let started = ContinuousClock.now
      let answer = try await world.main.sync(
        World.alice, since: since, timeout: .milliseconds(60))
      #expect(started.duration(to: .now) >= .milliseconds(60))
      #expect(answer.isEmpty)
      #expect(since.events.isCovered(by: answer.next.events))
      #expect(waiters(world.main) == 0)
      try await world.say("later", in: room)
      let next = try await world.main.sync(World.alice, since: answer.next)
      #expect(next.joined(room)?.bodies == ["later"])
    }
  }

  @Test func anAbandonedRequestIsForgotten() async throws {
    try await withWorld { world in
      _ = try await world.makeRoom()
      let since = try await world.main.sync(World.alice).next
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          _ = try await world.main.sync(World.alice, since: since, timeout: Self.long)
        }
        try await wait(for: World.alice, in: world.main)
        group.cancelAll()
        try await group.waitForAll()
      }
      #expect(waiters(world.main) == 0)
    }
  }

  @Test func aStoppingWorkerAnswersEverybody() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      let since = try await world.main.sync(World.alice).next
      async let waiting = world.main.sync(World.alice, since: since, timeout: Self.long)
      try await wait(for: World.alice, in: world.main)
      world.main.engine.drain()
      let answer = try await waiting
      #expect(answer.isEmpty)
      // Those who come later are not kept either, but get what there is.
      let late = try await world.main.sync(World.alice, since: answer.next, timeout: Self.long)
      #expect(late.isEmpty)
      try await world.say("news", in: room)
      let news = try await world.main.sync(World.alice, since: late.next, timeout: Self.long)
      #expect(news.joined(room)?.bodies == ["news"])
    }
  }
}
