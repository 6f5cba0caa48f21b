import NIOCore

/// The open connections of a listener; used on the loop only.
final class ConnectionTable {
  private let loop: any EventLoop
  private let checkInterval: TimeAmount
  private var connections: [ObjectIdentifier: Connection] = [:]
  private var nextCheck: Scheduled<Void>?
  private var emptied: [EventLoopPromise<Void>] = []
  private(set) var isDraining = false

  init(loop: any EventLoop, checkInterval: TimeAmount) {
    self.loop = loop
    self.checkInterval = checkInterval
  }

  var count: Int { connections.count }

  func insert(_ connection: Connection) {
    connections[ObjectIdentifier(connection)] = connection
    if nextCheck == nil { scheduleCheck() }
  }

  func remove(_ connection: Connection) {
    guard connections.removeValue(forKey: ObjectIdentifier(connection)) != nil,
      connections.isEmpty
    else { return }
    connections = [:]
    nextCheck?.cancel()
    nextCheck = nil
    let waiters = emptied
    emptied = []
    for waiter in waiters { waiter.succeed() }
  }

  private func scheduleCheck() {
    nextCheck = loop.assumeIsolated().scheduleTask(in: checkInterval) { [weak self] in
      self?.check()
    }
  }

  private func check() {
    scheduleCheck()
    let now = NIODeadline.now()
    for connection in Array(connections.values) { connection.check(at: now) }
  }

  /// From now on every answer closes its connection; idle ones close at once.
  func drain() {
    isDraining = true
    for connection in Array(connections.values) { connection.closeIfIdle() }
  }

  /// Succeeds when no connection is left.
  func whenEmpty() -> EventLoopFuture<Void> {
    guard !connections.isEmpty else { return loop.makeSucceededVoidFuture() }
    let promise = loop.makePromise(of: Void.self)
    emptied.append(promise)
    return promise.futureResult
  }

  /// Has every request that is being handled end with an answer.
  func giveUpAll() {
    for connection in Array(connections.values) { connection.giveUp() }
  }

  func abortAll() {
    for connection in Array(connections.values) { connection.abort() }
  }
}
