import Redis
import TestKit

@testable import Streams

extension TestRedis {
  func bus(_ serverName: String = "example.org") -> RedisBus {
    var configuration = RedisConfiguration(endpoint: .unix(path: socket))
    configuration.timing.firstRetry = .milliseconds(20)
    configuration.timing.longestRetry = .milliseconds(100)
    configuration.timing.commandTimeout = .milliseconds(300)
    configuration.timing.pingInterval = .milliseconds(100)
    return RedisBus(
      serverName: serverName, configuration: configuration, executor: TestLoop.executor,
      logger: TestPostgres.logger)
  }
}
