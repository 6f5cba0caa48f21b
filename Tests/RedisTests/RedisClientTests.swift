import Executors
import Synchronization
import TestKit
import Testing

@testable import Redis

@Suite struct RedisClientTests {
  @Test func keysAreSetReadAndDeleted() async throws {
    try await TestRedis.with { redis in
      try await withClient(redis.configuration()) { client in
        #expect(try await client.get("key") == nil)
        let value: [UInt8] = [0, 13, 10, 255]
        try await client.set("key", to: value)
        try await client.set("other", to: [])
        #expect(try await client.get("key") == value)
        #expect(try await client.get("other") == [])
        try await client.delete(["key", "other"])
        #expect(try await client.get("key") == nil)
        try await client.set("brief", to: [1], lifetime: .microseconds(1))
        try await eventually { try await client.get("brief") == nil }
        try await client.set("long", to: [1], lifetime: .seconds(600))
        #expect(try await client.get("long") == [1])
      }
    }
  }

  @Test func largeValuesPass() async throws {
    try await TestRedis.with { redis in
      try await withClient(redis.configuration()) { client in
        let value = [UInt8](repeating: 7, count: 3 << 20)
        try await client.set("large", to: value)
        #expect(try await client.get("large") == value)
      }
    }
  }

  @Test func concurrentCommandsGetTheirOwnAnswers() async throws {
    try await TestRedis.with { redis in
      try await withClient(redis.configuration()) { client in
        try await withThrowingTaskGroup(of: Void.self) { group in
          for number in 0..<300 {
            group.addTask {
              let bytes = Array(String(number).utf8)
              try await client.set("k\(number)", to: bytes)
              #expect(try await client.get("k\(number)") == bytes)
            }
          }
          try await group.waitForAll()
        }
      }
    }
  }

  @Test func scriptsRunAsOneStep() async throws {
    let script = """
      local value = tonumber(redis.call('GET', KEYS[1]) or '0') + tonumber(ARGV[1])
      redis.call('SET', KEYS[1], tostring(value))
      return value
      """
    try await TestRedis.with { redis in
      try await withClient(redis.configuration()) { client in
        func add(_ amount: Int) async throws -> Int64 {
          try await client.evaluate(
            script, key: "sum", arguments: [String(amount)], within: .seconds(5))
        }
        #expect(try await add(5) == 5)
        try await withThrowingTaskGroup(of: Int64.self) { group in
          for _ in 0..<50 { group.addTask { try await add(1) } }
          try await group.waitForAll()
        }
        #expect(try await add(0) == 55)
        await #expect(throws: RedisError.self) {
          try await client.evaluate("nonsense", key: "k", arguments: [], within: .seconds(5))
        }
        redis.pause()
        defer { redis.resume() }
        await #expect(throws: RedisError.timedOut) {
          try await client.evaluate(
            script, key: "sum", arguments: ["1"], within: .milliseconds(20))
        }
      }
    }
  }

  @Test func passwordAndDatabaseAreUsed() async throws {
    try await TestRedis.with(options: ["--requirepass", "s3cret"]) { redis in
      var configuration = redis.configuration { $0.password = "s3cret" }
      try await withClient(configuration) { try await $0.set("where", to: [0]) }
      configuration.database = 3
      try await withClient(configuration) { client in
        let value = try await client.get("where")
        #expect(value == nil)
      }
      configuration.database = 0
      configuration.username = "default"
      try await withClient(configuration) { client in
        let value = try await client.get("where")
        #expect(value == [0])
      }
    }
  }

  @Test(arguments: [nil, "wrong"])
  func withoutTheRightPasswordItStaysDown(password: String?) async throws {
    try await TestRedis.with(options: ["--requirepass", "s3cret"]) { redis in
      let session = try await RedisSession.open(
        redis.configuration(), loop: TestLoop.executor.loop, onPush: nil)
      defer { session.close() }
      let command = password.map { RedisCommand("AUTH", Array($0.utf8)) } ?? RedisCommand("PING")
      let code = password == nil ? "NOAUTH" : "WRONGPASS"
      await #expect(throws: RedisError.refused(code: code)) { try await session.call(command) }

      let client = RedisClient(
        configuration: redis.configuration {
          $0.password = password
          $0.timing.firstRetry = .milliseconds(5)
          $0.timing.longestRetry = .milliseconds(20)
        },
        executor: TestLoop.executor, logger: TestPostgres.logger)
      _ = try await session.call(RedisCommand("AUTH", Array("s3cret".utf8)))
      let before = try await Self.connectionsReceived(session)
      try await whileRunning([{ await client.run() }]) {
        // It tries again and again.
        try await eventually { try await Self.connectionsReceived(session) >= before + 4 }
        #expect(!client.isConnected)
      }
    }
  }

  /// How many connections the server has taken so far.
  private static func connectionsReceived(_ session: RedisSession) async throws -> Int {
    let reply = try await session.call(RedisCommand("INFO", Array("stats".utf8)))
    guard case .bytes(let bytes) = reply else { throw RedisError.unexpectedReply }
    let line = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
      .first { $0.hasPrefix("total_connections_received:") }
    return try #require(line.flatMap { Int($0.drop { $0 != ":" }.dropFirst()) })
  }

  @Test func commandsBeyondTheLimitAreRefused() async throws {
    try await TestRedis.with { redis in
      let session = try await RedisSession.open(
        redis.configuration {
          $0.limits.pendingCommands = 3
          $0.limits.pendingBytes = 10_000
        }, loop: TestLoop.executor.loop, onPush: nil)
      defer { session.close() }
      #expect(throws: RedisError.overloaded) {
        try session.post(RedisCommand("PUBLISH", [1], [UInt8](repeating: 1, count: 10_000)))
      }
      for _ in 0..<3 { try session.post(RedisCommand("PUBLISH", [1], [2])) }
      #expect(throws: RedisError.overloaded) { try session.post(RedisCommand("PING")) }
      // Room again once these are answered.
      try await eventually { (try? session.post(RedisCommand("PING"))) != nil }
    }
  }

  @Test func withoutRedisEverythingFailsAtOnce() async throws {
    let client = RedisClient(
      configuration: RedisConfiguration(endpoint: .unix(path: "/nonexistent/redis.sock")),
      executor: TestLoop.executor, logger: TestPostgres.logger)
    try await TestLoop.run {
      try await whileRunning([{ await client.run() }]) {
        #expect(!client.publish([1], to: "channel"))
        await #expect(throws: RedisError.unavailable) { try await client.get("key") }
        await #expect(throws: RedisError.unavailable) { try await client.set("key", to: []) }
        await #expect(throws: RedisError.unavailable) { try await client.delete(["key"]) }
      }
    }
  }

  /// A server that is stopped holds connections open and says nothing.
  @Test func aCommandToAPausedServerTimesOut() async throws {
    try await TestRedis.with { redis in
      let configuration = redis.configuration {
        $0.timing.commandTimeout = .milliseconds(200)
        $0.timing.pingInterval = .milliseconds(100)
      }
      try await withClient(configuration) { client in
        redis.pause()
        let error = await #expect(throws: RedisError.self) { try await client.get("key") }
        #expect(error == .timedOut || error == .unavailable)
        try await eventually { !client.isConnected }
        redis.resume()
        try await eventually { client.isConnected }
        #expect(try await client.get("key") == nil)
      }
    }
  }
}
