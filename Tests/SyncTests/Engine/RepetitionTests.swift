import Executors
import MatrixIdentifiers
import Streams
import TestKit
import Testing

@testable import Sync

/// A request that comes again while the first is being answered.
struct RepetitionTests {
  private static let long = Duration.seconds(170)

  private func request(_ world: World, since: SyncToken?) throws -> SyncRequest {
    SyncRequest(
      userID: try world.user(World.alice), deviceID: "D", since: since, timeout: Self.long,
      fullState: false, filter: SyncFilter())
  }

  private func poll(_ outcome: SyncEngine.Outcome) throws -> SyncEngine.Poll {
    guard case .wait(let poll) = outcome else { throw Missing(what: "a request that waits") }
    return poll
  }

  private func bytes(_ outcome: SyncEngine.Outcome) throws -> [UInt8] {
    guard case .answer(let bytes) = outcome else { throw Missing(what: "an answer") }
    return bytes
  }

  private func waiting(_ world: World) -> Int {
    world.main.engine.memory.withState { $0.waiters.values.reduce(0) { $0 + $1.count } }
  }

  @Test func allGetTheSameAnswerAndOnlyOneLooks() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      let engine = world.main.engine
      let since = try await world.main.sync(World.alice, device: "D").next
      let request = try request(world, since: since)
      var polls: [SyncEngine.Poll] = []
      for _ in 0..<3 { polls.append(try poll(try await engine.begin(request))) }
      #expect(waiting(world) == 1)
      try await world.say("news", in: room)
      var answers: Set<[UInt8]> = []
      for poll in polls {
        let news = await poll.waiter.value(ifCancelled: false)
        answers.insert(try bytes(try await engine.resume(poll, news: news)))
      }
      #expect(answers.count == 1)
      let answer = try Answer(try present(answers.first, "answer"))
      #expect(answer.joined(room)?.bodies == ["news"])
      #expect(waiting(world) == 0)
      // What comes afterwards is looked for anew.
      try await world.say("more", in: room)
      let later = try Answer(try bytes(try await engine.begin(request)))
      #expect(later.joined(room)?.bodies == ["news", "more"])
    }
  }

  @Test func othersDoNotJoin() async throws {
    try await withWorld { world in
      _ = try await world.makeRoom()
      let since = try await world.main.sync(World.alice, device: "D").next
      let request = try request(world, since: since)
      var others: [SyncRequest] = []
      for change in 0..<5 {
        var other = request
        switch change {
        case 0: other.deviceID = "E"
        case 1: other.timeout = .seconds(100)
        case 2: other.filter = try SyncFilter(limit: 3)
        case 3: other.stateForm = .afterTimeline
        default: break
        }
        others.append(other)
      }
      var polls: [SyncEngine.Poll] = []
      for request in [request] + others {
        polls.append(try poll(try await world.main.engine.begin(request)))
      }
      // The last one is the same as the first.
      #expect(waiting(world) == 5)
      for poll in polls { world.main.engine.abandon(poll) }
      #expect(waiting(world) == 0)
    }
  }

  /// The first client goes away: those who asked the same are answered all the same.
  @Test func whoFollowsTakesOver() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      let engine = world.main.engine
      let since = try await world.main.sync(World.alice, device: "D").next
      let request = try request(world, since: since)
      let first = try poll(try await engine.begin(request))
      var followers: [SyncEngine.Poll] = []
      for _ in 0..<2 { followers.append(try poll(try await engine.begin(request))) }
      engine.abandon(first)
      var again: [SyncEngine.Poll] = []
      for follower in followers {
        #expect(await follower.waiter.value(ifCancelled: false))
        again.append(try poll(try await engine.resume(follower, news: true)))
      }
      #expect(waiting(world) == 1)
      try await world.say("news", in: room)
      for poll in again {
        let news = await poll.waiter.value(ifCancelled: false)
        let answer = try Answer(try bytes(try await engine.resume(poll, news: news)))
        #expect(answer.joined(room)?.bodies == ["news"])
      }
    }
  }

  @Test func aFollowerMayGoAway() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      let engine = world.main.engine
      let since = try await world.main.sync(World.alice, device: "D").next
      let request = try request(world, since: since)
      let first = try poll(try await engine.begin(request))
      let follower = try poll(try await engine.begin(request))
      engine.abandon(follower)
      try await world.say("news", in: room)
      let news = await first.waiter.value(ifCancelled: false)
      let answer = try Answer(try bytes(try await engine.resume(first, news: news)))
      #expect(answer.joined(room)?.bodies == ["news"])
    }
  }

  @Test func aCancelledFollowerEnds() async throws {
    try await withWorld { world in
      _ = try await world.makeRoom()
      let since = try await world.main.sync(World.alice, device: "D").next
      let request = try request(world, since: since)
      let first = try poll(try await world.main.engine.begin(request))
      await #expect(throws: CancellationError.self) {
        try await withThrowingTaskGroup(of: [UInt8].self) { group in
          group.addTask { try await world.main.engine.sync(request) }
          group.cancelAll()
          try await group.waitForAll()
        }
      }
      world.main.engine.abandon(first)
      #expect(waiting(world) == 0)
    }
  }

  /// With a lifetime the same question gets the same answer for a while, if it was one.
  @Test(arguments: [Duration.zero, .seconds(300), .nanoseconds(1)])
  func answersAreKept(_ lifetime: Duration) async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      let engine = SyncEngine(
        reader: world.main.reader, answerLifetime: lifetime, database: world.database,
        executor: TestLoop.executor, clock: world.clock)
      var request = try request(world, since: nil)
      request.timeout = .zero
      let first = try Answer(try await engine.sync(request))
      try await world.say("a", in: room)
      // A first answer is made anew.
      #expect(try Answer(try await engine.sync(request)).joined(room)?.bodies == ["a"])
      request.since = first.next
      let second = try await engine.sync(request)
      try await world.say("b", in: room)
      let third = try await engine.sync(request)
      let isKept = lifetime == .seconds(300)
      #expect((second == third) == isKept)
      #expect(
        try Answer(third).joined(room)?.bodies == (isKept ? ["a"] : ["a", "b"]))
      // Without news there is nothing worth keeping.
      request.since = try await world.main.sync(World.alice).next
      #expect(try Answer(try await engine.sync(request)).isEmpty)
      try await world.say("c", in: room)
      #expect(try Answer(try await engine.sync(request)).joined(room)?.bodies == ["c"])
    }
  }
}

struct SyncFlightsTests {
  private func request(_ position: Int64) throws -> SyncRequest {
    SyncRequest(
      userID: try present(UserID(World.alice), "user id"), deviceID: nil,
      since: SyncToken(events: VectorToken(minimum: position)), timeout: .zero, fullState: false,
      filter: SyncFilter())
  }

  /// Answers to requests 1 to `count`, of `bytes` each; gives which are kept.
  private func kept(_ flights: SyncFlights, _ count: Int64, bytes: Int) throws -> [Int64] {
    for position in 1...count {
      guard case .first(let flight) = flights.enter(try request(position)) else {
        throw Missing(what: "a new flight")
      }
      flights.end(flight, with: Array(repeating: 7, count: bytes), mayKeep: true)
    }
    return try (1...count).filter { position in
      if case .answered = flights.enter(try request(position)) { return true }
      return false
    }
  }

  @Test(
    arguments: [
      (10, 100, 100, Array(91...100)), (10, 100, 3, [98, 99, 100]), (51, 100, 100, [100]),
      (101, 100, 100, []), (10, 9, 100, []),
    ] as [(Int, Int, Int, [Int64])])
  func whatIsKeptIsBounded(
    _ bytes: Int, _ ofOne: Int, _ answers: Int, _ expected: [Int64]
  ) throws {
    let limits = SyncFlights.Limits(
      lifetime: .seconds(300), bytes: 100, answerBytes: ofOne, answers: answers)
    #expect(try kept(SyncFlights(limits: limits), 100, bytes: bytes) == expected)
  }
}
