import MatrixIdentifiers
import MatrixJSON
import Streams
import TestKit
import Testing

@testable import Sync

/// A client may bring its token to any worker.
struct WorkerTests {
  @Test func aTokenAheadIsWaitedFor() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      // It hears nothing and does not look into the database yet.
      let slow = try await world.worker(1, on: Switchboard())
      try await world.say("a", in: room)
      let first = try await world.main.sync(World.alice)
      try await world.say("b", in: room)
      #expect(!first.next.events.isCovered(by: slow.reader.current))
      async let answer = slow.sync(World.alice, since: first.next)
      async let done: Void = whileRunning([{ await slow.hub.run() }]) {
        try await slow.catchUp(with: world.main)
      }
      let told = try await answer
      #expect(first.next.events.isCovered(by: told.next.events))
      #expect(!(told.joined(room)?.bodies.contains("a") ?? false))
      try await done
      let second = try await slow.sync(World.alice, since: first.next)
      #expect(second.joined(room)?.bodies == ["b"])
    }
  }

  @Test func aWorkerThatIsBehindGoesOnWhereItIs() async throws {
    try await withTwoWorkers { world, worker in
      let room = try await world.makeRoom()
      try await worker.catchUp(with: world.main)
      let behind = try await worker.sync(World.alice)
      try await world.say(1...3, in: room)
      try await worker.catchUp(with: world.main)
      for other in [worker, world.main] {
        let answer = try await other.sync(World.alice, since: behind.next)
        #expect(answer.joined(room)?.bodies == ["m1", "m2", "m3"])
        #expect(answer.joined(room)?.isLimited == false)
      }
    }
  }

  /// Answers of two workers to the same question are the same text.
  @Test func allWorkersTellTheSame() async throws {
    try await withTwoWorkers { world, worker in
      let rooms = [try await world.makeRoom(name: "one"), try await world.makeRoom()]
      var tokens: [SyncToken?] = [nil]
      for round in 0..<6 {
        let room = rooms[round % 2]
        try await world.say("m\(round)", in: room, device: "D")
        if round == 1 { try await world.member(World.bob, "invite", in: room, by: World.alice) }
        if round == 2 { try await world.member(World.bob, "join", in: rooms[1]) }
        if round == 3 { try await world.topic("t", in: room) }
        if round == 4 { try await world.member(World.bob, "ban", in: rooms[1], by: World.alice) }
        if round == 5 { try await world.redact(try await world.topic("u", in: room), in: room) }
        try await worker.catchUp(with: world.main)
        for token in tokens {
          for user in [World.alice, World.bob] {
            for filter in [try SyncFilter(limit: 1), try SyncFilter(limit: 50, left: true)] {
              let here = try await world.main.sync(
                user, since: token, filter: filter, device: "D")
              let there = try await worker.sync(user, since: token, filter: filter, device: "D")
              for section in ["join", "invite", "leave"] {
                let (mine, others) = (here.rooms(section), there.rooms(section))
                #expect(Set(mine.keys) == Set(others.keys))
                for (room, told) in mine {
                  #expect(told.timeline.map(text) == others[room]?.timeline.map(text))
                  #expect(
                    Set(told.state.map(text)) == (others[room]?.state).map { Set($0.map(text)) })
                  #expect(
                    Set(told.stripped.map(text))
                      == (others[room]?.stripped).map { Set($0.map(text)) })
                  #expect(told.isLimited == others[room]?.isLimited)
                  #expect(told.previousBatch == others[room]?.previousBatch)
                }
              }
            }
          }
        }
        tokens.append(try await worker.sync(World.alice).next)
      }
    }
  }

  private func text(_ event: JSONView) -> String {
    String(decoding: event.rawBytes, as: UTF8.self)
  }

  /// A token of a server that lost its last seconds is not refused.
  @Test func aWorkerThatNeverGetsThereAnswersWithNothing() async throws {
    try await withWorld { world in
      _ = try await world.makeRoom()
      let now = world.main.reader.current
      let future = SyncToken(events: VectorToken(minimum: now.maximum + 1000))
      try await withThrowingTaskGroup(of: Answer.self) { group in
        group.addTask { try await world.main.sync(World.alice, since: future) }
        // The wait is bounded, but long: ended here as by a client that goes away.
        group.cancelAll()
        let answer = try await group.next()
        #expect(answer?.isEmpty == true)
        #expect(answer?.next == future)
      }
    }
  }
}
