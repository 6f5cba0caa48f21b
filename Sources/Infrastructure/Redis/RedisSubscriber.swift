package import Executors
package import Logging

/// Subscriptions on a connection of their own, made again after each reconnect.
package final class RedisSubscriber: Sendable {
  private let link: RedisLink

  /// - Parameters:
  ///   - onMessage: called on the loop, in the order in which Redis sent the messages.
  ///   - onState: true when all channels are subscribed, false when they no longer are.
  ///     Messages published in between are lost.
  package init(
    channels: [String], configuration: RedisConfiguration, executor: LoopExecutor,
    logger: Logger, random: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) },
    onMessage: @escaping @Sendable (_ channel: String, _ payload: [UInt8]) -> Void,
    onState: @escaping @Sendable (Bool) -> Void
  ) {
    link = RedisLink(
      configuration: configuration, executor: executor, logger: logger, random: random,
      onPush: { channel, payload in
        onMessage(String(decoding: channel, as: UTF8.self), payload)
      },
      prepare: { session in
        for channel in channels {
          _ = try await session.call(RedisCommand("SUBSCRIBE", Array(channel.utf8)))
        }
      },
      onState: onState)
  }

  /// Keeps the subscriptions until the task is cancelled.
  package func run() async {
    await link.run()
  }
}
