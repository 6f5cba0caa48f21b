/// The bus of a process that is alone: delivers to its own subscribers, at once.
package final class InMemoryBus: ReplicationBus {
  private let handlers = BusHandlers(isConnected: true)

  package init() {}

  package var hasPeers: Bool {
    false
  }

  @discardableResult
  package func publish(_ message: ReplicationMessage) -> Bool {
    handlers.send(.message(message))
    return true
  }

  package func subscribe(_ handler: @escaping @Sendable (BusEvent) -> Void) {
    handlers.add(handler)
  }

  /// There is nothing to keep going.
  package func run() async {}
}
