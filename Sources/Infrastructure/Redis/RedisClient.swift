package import Executors
package import Logging

/// Commands on one pipelined connection. Nothing here holds the truth: while Redis is away,
/// publishing is a silent no-op and the rest fails at once.
package final class RedisClient: Sendable {
  private let link: RedisLink

  package init(
    configuration: RedisConfiguration, executor: LoopExecutor, logger: Logger,
    random: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) }
  ) {
    link = RedisLink(
      configuration: configuration, executor: executor, logger: logger, random: random)
  }

  /// Keeps the connection until the task is cancelled.
  package func run() async {
    await link.run()
  }

  package var isConnected: Bool {
    link.session != nil
  }

  /// Hands a message to Redis without waiting; false when it was dropped.
  @discardableResult
  package func publish(_ message: [UInt8], to channel: String) -> Bool {
    guard let session = link.session else { return false }
    do {
      try session.post(RedisCommand("PUBLISH", Array(channel.utf8), message))
      return true
    } catch {
      return false
    }
  }

  package func get(_ key: String) async throws(RedisError) -> [UInt8]? {
    switch try await call(RedisCommand("GET", Array(key.utf8))) {
    case .bytes(let bytes): return bytes
    case .null: return nil
    default: throw .unexpectedReply
    }
  }

  /// - Parameter lifetime: when the key disappears by itself (millisecond precision); nil: never.
  package func set(
    _ key: String, to value: [UInt8], lifetime: Duration? = nil
  ) async throws(RedisError) {
    var arguments = [Array(key.utf8), value]
    if let lifetime {
      arguments += [Array("PX".utf8), Array(String(Self.milliseconds(lifetime)).utf8)]
    }
    _ = try await call(RedisCommand("SET", arguments))
  }

  package func delete(_ keys: [String]) async throws(RedisError) {
    guard !keys.isEmpty else { return }
    _ = try await call(RedisCommand("DEL", keys.map { Array($0.utf8) }))
  }

  /// Runs a Lua script, which Redis does as one step, and gives the integer that it returns.
  /// - Parameter limit: how long to wait for the answer; the script may have run when it is over.
  package func evaluate(
    _ script: String, key: String, arguments: [String], within limit: Duration
  ) async throws(RedisError) -> Int64 {
    guard let session = link.session else { throw .unavailable }
    let command = RedisCommand("EVAL", ([script, "1", key] + arguments).map { Array($0.utf8) })
    guard case .integer(let value) = try await session.call(command, within: limit) else {
      throw .unexpectedReply
    }
    return value
  }

  private func call(_ command: RedisCommand) async throws(RedisError) -> RedisValue {
    guard let session = link.session else { throw .unavailable }
    return try await session.call(command)
  }

  /// At least 1: Redis refuses a lifetime of 0.
  private static func milliseconds(_ duration: Duration) -> Int64 {
    let (seconds, attoseconds) = duration.components
    return max(1, seconds * 1000 + attoseconds / 1_000_000_000_000_000)
  }
}
