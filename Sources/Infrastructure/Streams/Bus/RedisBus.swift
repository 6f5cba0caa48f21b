package import Executors
package import Logging
package import Redis

/// The bus of a fleet: one Redis channel for the whole server.
package final class RedisBus: ReplicationBus {
  /// For the shared cache; kept connected by `run`.
  package let client: RedisClient
  private let subscriber: RedisSubscriber
  private let handlers: BusHandlers
  private let channel: String

  /// - Parameter serverName: part of the channel's name, so that servers can share one Redis.
  package init(
    serverName: String, configuration: RedisConfiguration, executor: LoopExecutor, logger: Logger
  ) {
    let handlers = BusHandlers(isConnected: false)
    self.handlers = handlers
    channel = "\(serverName)/apus"
    client = RedisClient(configuration: configuration, executor: executor, logger: logger)
    subscriber = RedisSubscriber(
      channels: [channel], configuration: configuration, executor: executor, logger: logger,
      onMessage: { _, payload in
        guard let message = ReplicationCodec.decode(payload) else {
          logger.warning(
            "ignored a replication message", metadata: ["bytes": "\(payload.count)"])
          return
        }
        handlers.send(.message(message))
      },
      onState: { handlers.send($0 ? .connected : .disconnected) })
  }

  package var hasPeers: Bool {
    true
  }

  @discardableResult
  package func publish(_ message: ReplicationMessage) -> Bool {
    guard client.isConnected, let bytes = ReplicationCodec.encode(message) else { return false }
    return client.publish(bytes, to: channel)
  }

  package func subscribe(_ handler: @escaping @Sendable (BusEvent) -> Void) {
    handlers.add(handler)
  }

  package func run() async {
    await withDiscardingTaskGroup { group in
      group.addTask { await self.client.run() }
      group.addTask { await self.subscriber.run() }
    }
  }
}
