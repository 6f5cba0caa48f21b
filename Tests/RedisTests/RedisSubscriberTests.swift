import Executors
import Synchronization
import TestKit
import Testing

@testable import Redis

/// What a subscriber was told.
private final class Received: Sendable {
  private let state = Mutex<(messages: [String], states: [Bool])>(([], []))

  var messages: [String] { state.withLock { $0.messages } }
  var states: [Bool] { state.withLock { $0.states } }

  func subscriber(
    _ channels: [String], _ configuration: RedisConfiguration
  ) -> RedisSubscriber {
    RedisSubscriber(
      channels: channels, configuration: configuration, executor: TestLoop.executor,
      logger: TestPostgres.logger,
      onMessage: { channel, payload in
        let text = "\(channel):\(String(decoding: payload, as: UTF8.self))"
        self.state.withLock { $0.messages.append(text) }
      },
      onState: { isUp in self.state.withLock { $0.states.append(isUp) } })
  }
}

@Suite struct RedisSubscriberTests {
  @Test func messagesArriveInOrderOnEveryChannel() async throws {
    try await TestRedis.with { redis in
      let received = Received()
      let subscriber = received.subscriber(["a", "b"], redis.configuration())
      try await whileRunning([{ await subscriber.run() }]) {
        try await eventually { received.states == [true] }
        try await withClient(redis.configuration()) { client in
          for number in 0..<500 {
            #expect(client.publish(Array(String(number).utf8), to: number % 2 == 0 ? "a" : "b"))
          }
          client.publish([], to: "unheard")
          try await eventually { received.messages.count >= 500 }
        }
        let expected = (0..<500).map { "\($0 % 2 == 0 ? "a" : "b"):\($0)" }
        #expect(received.messages == expected)
      }
    }
  }

  @Test func subscriptionsAreMadeAgainAfterAKill() async throws {
    try await TestRedis.with { redis in
      let received = Received()
      let subscriber = received.subscriber(["a"], redis.configuration())
      try await whileRunning([{ await subscriber.run() }]) {
        try await withClient(redis.configuration()) { client in
          try await eventually { received.states == [true] }
          for round in 1...3 {
            try await redis.kill()
            try await eventually { !client.isConnected }
            #expect(!client.publish(Array("lost".utf8), to: "a"))
            try await redis.start()
            try await eventually {
              client.isConnected && received.states.filter { $0 }.count == round + 1
            }
            client.publish(Array("round \(round)".utf8), to: "a")
            try await eventually { received.messages.last == "a:round \(round)" }
          }
          #expect(received.states == [true, false, true, false, true, false, true])
          #expect(received.messages == ["a:round 1", "a:round 2", "a:round 3"])
        }
      }
    }
  }

  @Test func aPausedServerCountsAsDisconnected() async throws {
    try await TestRedis.with { redis in
      let received = Received()
      let configuration = redis.configuration { $0.timing.pingInterval = .milliseconds(20) }
      let subscriber = received.subscriber(["a"], configuration)
      try await whileRunning([{ await subscriber.run() }]) {
        // Probes of a server that works do not end the connection.
        try await eventually { try await Self.probes(redis) >= 10 }
        #expect(received.states == [true])
        redis.pause()
        try await eventually { received.states.last == false }
        redis.resume()
        try await eventually { received.states.last == true }
        try await withClient(redis.configuration()) { client in
          try await eventually {
            client.publish(Array("after".utf8), to: "a")
            return received.messages.last == "a:after"
          }
        }
      }
    }
  }

  /// How many PINGs the server has seen.
  private static func probes(_ redis: TestRedis) async throws -> Int {
    let session = try await RedisSession.open(
      redis.configuration(), loop: TestLoop.executor.loop, onPush: nil)
    defer { session.close() }
    let reply = try await session.call(RedisCommand("INFO", Array("commandstats".utf8)))
    guard case .bytes(let bytes) = reply else { return 0 }
    let text = String(decoding: bytes, as: UTF8.self)
    let line = text.split(separator: "\r\n").first { $0.hasPrefix("cmdstat_ping:calls=") }
    let calls = line?.split(separator: "=").dropFirst().first?.split(separator: ",").first
    return calls.flatMap { Int($0) } ?? 0
  }

  /// Flushing the keys does not touch subscriptions.
  @Test func flushingChangesNothing() async throws {
    try await TestRedis.with { redis in
      let received = Received()
      let subscriber = received.subscriber(["a"], redis.configuration())
      try await whileRunning([{ await subscriber.run() }]) {
        try await eventually { received.states == [true] }
        let session = try await RedisSession.open(
          redis.configuration(), loop: TestLoop.executor.loop, onPush: nil)
        defer { session.close() }
        _ = try await session.call(RedisCommand("FLUSHALL"))
        _ = try await session.call(RedisCommand("PUBLISH", [0x61], [0x78]))
        try await eventually { received.messages == ["a:x"] }
        #expect(received.states == [true])
      }
    }
  }
}
