import Executors
import Postgres
import Redis
import Synchronization
import TestKit
import Testing

@testable import Streams

/// Redis carries hints: with it killed, paused or restarted the nodes are slower, never wrong.
@Suite struct RedisBusTests {
  /// Two nodes on one Redis, both connected.
  private static func withFleet(
    _ body: @Sendable (TestRedis, TestNode, TestNode) async throws -> Void
  ) async throws {
    try await TestPostgres.withDatabase(migrations: TestRows.migrations) { database in
      try await TestRedis.with { redis in
        // Polling alone is too slow for what is expected to come by message.
        var timing = TestNode.quick
        timing.poll = .seconds(30)
        let first = try await TestNode("first", database, bus: redis.bus(), timing: timing)
        let second = try await TestNode("second", database, bus: redis.bus(), timing: timing)
        try await first.running {
          try await second.running {
            try await arrives(from: first, at: second, "hello")
            try await arrives(from: second, at: first, "hello too")
            try await body(redis, first, second)
          }
        }
      }
    }
  }

  private static func arrives(
    from sender: TestNode, at receiver: TestNode, _ text: String
  ) async throws {
    try await sender.commit(text)
    try await eventually { receiver.values.contains(text) }
  }

  private static func checkBothSawTheSame(_ first: TestNode, _ second: TestNode) {
    let (left, right) = (first.values.sorted(), second.values.sorted())
    #expect(left == right)
    #expect(Set(left).count == left.count)
  }

  @Test func rowsTravelOverRedis() async throws {
    try await Self.withFleet { _, first, second in
      for number in 0..<50 { try await first.commit("row \(number)") }
      try await eventually { second.values.count == 52 }
      #expect(second.values.suffix(50) == (0..<50).map { "row \($0)" })
    }
  }

  @Test func killedAndStartedAgain() async throws {
    try await Self.withFleet { redis, first, second in
      try await redis.kill()
      for number in 0..<5 {
        try await Self.arrives(from: first, at: second, "dead \(number)")
        try await Self.arrives(from: second, at: first, "dead too \(number)")
      }
      try await redis.start()
      for number in 0..<5 { try await Self.arrives(from: first, at: second, "alive \(number)") }
      Self.checkBothSawTheSame(first, second)
      #expect(second.values.count == 17)
    }
  }

  @Test func pausedAndContinued() async throws {
    try await Self.withFleet { redis, first, second in
      redis.pause()
      for number in 0..<5 { try await Self.arrives(from: first, at: second, "paused \(number)") }
      redis.resume()
      for number in 0..<5 { try await Self.arrives(from: second, at: first, "on \(number)") }
      Self.checkBothSawTheSame(first, second)
    }
  }

  @Test func serversThatShareARedisDoNotHearEachOther() async throws {
    try await TestRedis.with { redis in
      await TestLoop.run {
        let (mine, other) = (redis.bus("a.example.org"), redis.bus("b.example.org"))
        let heard = Mutex<[ReplicationMessage]>([])
        mine.subscribe { event in
          if case .message(let message) = event { heard.withLock { $0.append(message) } }
        }
        await withDiscardingTaskGroup { group in
          group.addTask { await mine.run() }
          group.addTask { await other.run() }
          try? await eventually {
            other.publish(.replicate(instance: "other"))
            mine.publish(.replicate(instance: "mine"))
            return !heard.withLock { $0.isEmpty }
          }
          group.cancelAll()
        }
        #expect(heard.withLock { Set($0.map { "\($0)" }).count } == 1)
        #expect(heard.withLock { $0.first } == .replicate(instance: "mine"))
      }
    }
  }
}
