import Accounts
import Executors
import MatrixIdentifiers
import RoomEvents
import Rooms
import TestKit
import Testing

@testable import DelayedEvents

struct RunnerTests {
  /// The clock is the test's, so runners find out by their polls that it has moved; a hint makes
  /// them look at once.
  @Test func twoRunnersSendEachEventOnceAndInOrder() async throws {
    try await World.with { world in
      var rooms: [RoomID] = []
      for _ in 0..<5 { rooms.append(try await world.makeRoom()) }
      for number in 0..<200 {
        try await world.say("\(number)", in: rooms[number % 5], delay: Int64(number) + 1)
      }
      let runners = [world.runner("a"), world.runner("b")]
      try await whileRunning(runners.map { runner in { await runner.run() } }) {
        for _ in 0..<4 {
          world.clock.advance(by: 60)
          world.hints.scheduled(due: 0, delay: 0)
        }
        try await eventually {
          try await FinalisedDelays.scheduledCount(on: world.database) == 0
        }
      }
      for (index, room) in rooms.enumerated() {
        let expected = stride(from: index, to: 200, by: 5).map { "\($0)" }
        #expect(try await world.bodies(room) == expected)
        for stored in try await world.events(room) {
          guard let id = stored.delayID else { continue }
          let due = try await world.state(id).due
          #expect(stored.event.originServerTimestamp >= due)
        }
      }
    }
  }

  @Test func aRunnerThatStopsLeavesNothingHeld() async throws {
    try await World.with { world in
      let room = try await world.makeRoom()
      try await world.say("1", in: room)
      world.clock.advance(by: 1_000)
      // An earlier process of its name had it.
      _ = try await world.claim(as: "a")
      let runner = world.runner("a")
      let task = Task(executorPreference: TestLoop.executor) { await runner.run() }
      try await eventually { try await world.bodies(room) == ["1"] }
      task.cancel()
      await task.value
      try await world.say("2", in: room)
      world.clock.advance(by: 1_000)
      #expect(try await world.claim(as: "b").count == 1)
    }
  }
}
