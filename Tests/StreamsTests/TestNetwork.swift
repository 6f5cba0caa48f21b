import Synchronization

@testable import Streams

/// Buses of several hubs in one test; can be told to lose everything.
final class TestNetwork: Sendable {
  private struct State {
    var buses: [TestBus] = []
    var isLosing = false
  }

  private let state = Mutex(State())

  func bus() -> TestBus {
    let bus = TestBus(network: self)
    state.withLock { $0.buses.append(bus) }
    return bus
  }

  func lose(_ isLosing: Bool) {
    state.withLock { $0.isLosing = isLosing }
  }

  fileprivate func send(_ message: ReplicationMessage, from sender: TestBus) {
    let receivers = state.withLock { $0.isLosing ? [] : $0.buses }
    guard let bytes = ReplicationCodec.encode(message),
      let arrived = ReplicationCodec.decode(bytes)
    else { return }
    for bus in receivers { bus.handlers.send(.message(arrived)) }
  }
}

final class TestBus: ReplicationBus {
  fileprivate let handlers = BusHandlers(isConnected: true)
  private let network: TestNetwork
  private let sent = Mutex<[ReplicationMessage]>([])

  fileprivate init(network: TestNetwork) {
    self.network = network
  }

  /// All that was handed to this bus, in order.
  var published: [ReplicationMessage] {
    sent.withLock { $0 }
  }

  let hasPeers = true

  @discardableResult
  func publish(_ message: ReplicationMessage) -> Bool {
    sent.withLock { $0.append(message) }
    network.send(message, from: self)
    return true
  }

  func subscribe(_ handler: @escaping @Sendable (BusEvent) -> Void) {
    handlers.add(handler)
  }

  func run() async {}
}
