import Executors
import NIOCore
import NIOPosix
import Synchronization
import TestKit
import Testing

@testable import Redis

/// Answers whatever arrives with fixed bytes.
private final class FixedAnswer: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let answer: String

  init(_ answer: String, _ counter: Counter) {
    self.answer = answer
    counter.increment()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: answer)), promise: nil)
  }
}

private final class Counter: Sendable {
  private let number = Atomic(0)
  var value: Int { number.load(ordering: .relaxed) }
  func increment() { number.add(1, ordering: .relaxed) }
}

@Suite struct BadServerTests {
  /// Over TCP, which the other tests do not use.
  @Test(arguments: [
    "garbage\r\n", "+PONG\r\n+PONG\r\n", "$99999999999\r\n", "*1\r\n", "-ERR no\r\n",
    "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n:1\r\n",
  ])
  func nonsenseNeverCountsAsConnectedForLong(answer: String) async throws {
    let counter = Counter()
    let server = try await ServerBootstrap(group: TestLoop.executor.loop)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(FixedAnswer(answer, counter))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    let port = try #require(server.localAddress?.port)
    var configuration = RedisConfiguration(endpoint: .tcp(host: "127.0.0.1", port: port))
    configuration.timing.firstRetry = .milliseconds(5)
    configuration.timing.longestRetry = .milliseconds(5)
    configuration.timing.commandTimeout = .milliseconds(100)
    configuration.timing.pingInterval = .milliseconds(10)
    let settings = configuration
    try await TestLoop.run {
      let client = RedisClient(
        configuration: settings, executor: TestLoop.executor, logger: TestPostgres.logger)
      try await whileRunning([{ await client.run() }]) {
        // It comes back again and again, and nothing breaks.
        try await eventually { counter.value >= 3 }
      }
    }
    try await server.close().get()
  }
}
