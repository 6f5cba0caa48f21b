import TestKit

@testable import Redis

extension TestRedis {
  func configuration(_ change: (inout RedisConfiguration) -> Void = { _ in }) -> RedisConfiguration
  {
    var configuration = RedisConfiguration(endpoint: .unix(path: socket))
    configuration.timing.firstRetry = .milliseconds(20)
    configuration.timing.longestRetry = .milliseconds(100)
    change(&configuration)
    return configuration
  }
}

/// A connected client for the time of `body`.
func withClient<Value: Sendable>(
  _ configuration: RedisConfiguration, _ body: @Sendable (RedisClient) async throws -> Value
) async throws -> Value {
  let client = RedisClient(
    configuration: configuration, executor: TestLoop.executor, logger: TestPostgres.logger)
  return try await whileRunning([{ await client.run() }]) {
    try await eventually { client.isConnected }
    return try await body(client)
  }
}
