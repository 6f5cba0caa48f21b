package enum BusEvent: Sendable {
  case message(ReplicationMessage)
  /// Messages arrive from now on; earlier ones may have been missed.
  case connected
  case disconnected
}

/// Carries hints between processes: it may lose, repeat and delay them.
package protocol ReplicationBus: Sendable {
  /// Whether anybody else may be listening; if not, a caller can save the encoding.
  var hasPeers: Bool { get }
  /// False when the message was certainly not sent. Never waits.
  @discardableResult func publish(_ message: ReplicationMessage) -> Bool
  /// The handler is called on the process's loop; a bus that is connected says so at once.
  func subscribe(_ handler: @escaping @Sendable (BusEvent) -> Void)
  /// Keeps the bus going until the task is cancelled.
  func run() async
}
