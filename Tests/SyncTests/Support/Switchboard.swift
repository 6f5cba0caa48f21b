import Streams
import TestKit

/// Connects the processes of a test as Redis connects those of a fleet.
final class Switchboard: Sendable {
  typealias Handler = @Sendable (BusEvent) -> Void

  private let handlers = Locked<[(process: Int, handler: Handler)]>([])

  func bus(of process: Int) -> SwitchboardBus {
    SwitchboardBus(process: process, board: self)
  }

  /// Tells every process that its connection came or went.
  func send(_ event: BusEvent) {
    for (_, handler) in handlers.withLock({ $0 }) { handler(event) }
  }

  fileprivate func add(_ handler: @escaping Handler, of process: Int) {
    handlers.withLock { $0.append((process, handler)) }
  }

  fileprivate func deliver(_ message: ReplicationMessage, from process: Int) {
    for (other, handler) in handlers.withLock({ $0 }) where other != process {
      handler(.message(message))
    }
  }
}

final class SwitchboardBus: ReplicationBus {
  private let process: Int
  private let board: Switchboard

  fileprivate init(process: Int, board: Switchboard) {
    self.process = process
    self.board = board
  }

  var hasPeers: Bool { true }

  @discardableResult
  func publish(_ message: ReplicationMessage) -> Bool {
    board.deliver(message, from: process)
    return true
  }

  func subscribe(_ handler: @escaping @Sendable (BusEvent) -> Void) {
    board.add(handler, of: process)
    handler(.connected)
  }

  func run() async {}
}
