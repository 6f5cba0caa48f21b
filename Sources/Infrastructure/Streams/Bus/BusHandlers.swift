import Synchronization

/// The handlers of a bus and whether it is connected.
final class BusHandlers: Sendable {
  private struct State {
    var isConnected: Bool
    var handlers: [@Sendable (BusEvent) -> Void] = []
  }

  private let state: Mutex<State>

  init(isConnected: Bool) {
    state = Mutex(State(isConnected: isConnected))
  }

  var isConnected: Bool {
    state.withLock { $0.isConnected }
  }

  func add(_ handler: @escaping @Sendable (BusEvent) -> Void) {
    let isConnected = state.withLock { state in
      state.handlers.append(handler)
      return state.isConnected
    }
    if isConnected { handler(.connected) }
  }

  func send(_ event: BusEvent) {
    let handlers = state.withLock { state in
      switch event {
      case .connected: state.isConnected = true
      case .disconnected: state.isConnected = false
      case .message: break
      }
      return state.handlers
    }
    for handler in handlers { handler(event) }
  }
}
