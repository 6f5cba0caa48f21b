package import Logging
package import Postgres
import Synchronization

/// What a process's streams share: the bus, the polling of positions and invalidations, and the
/// answers to processes that join.
///
/// Made first; then come the readers and writers, then `start`, then `run`.
package final class ReplicationHub: Sendable {
  /// One reader, whatever its rows are.
  private struct Follower {
    let name: StreamName
    let received: @Sendable (ReplicationMessage) -> Void
    let polled: @Sendable ([WriterID: Int64]) -> Void
    let isAwaited: @Sendable () -> Bool
    let facts: @Sendable () -> ReplicationFacts.Stream
    let run: @Sendable () async -> Void
  }

  private struct State {
    var followers: [Follower] = []
    var announcers: [@Sendable () -> Void] = []
    var isConnected = false
    /// How often the bus was connected.
    var connections = 0
    /// Whether it was looked, since it was connected, for what was said before.
    var isInStep = false
    var failureIsLogged = false
  }

  package let invalidations: InvalidationFeed
  private let bus: any ReplicationBus
  private let database: Database
  private let instanceName: String
  private let timing: StreamTiming
  private let logger: Logger
  private let state = Mutex(State())
  private let pollNow = Wakeup()

  package init(
    bus: any ReplicationBus, database: Database, instanceName: String,
    timing: StreamTiming = StreamTiming(), logger: Logger
  ) {
    self.bus = bus
    self.database = database
    self.instanceName = instanceName
    self.timing = timing
    self.logger = logger
    invalidations = InvalidationFeed(bus: bus)
    bus.subscribe { [weak self] in self?.handle($0) }
  }

  package func makeReader<Row>(_ definition: StreamDefinition<Row>) -> StreamReader<Row> {
    let reader = StreamReader(
      definition, requestPoll: { [weak self] in self?.pollNow.raise() },
      isInStep: { [weak self] in self?.isInStep ?? false }, logger: logger)
    let follower = Follower(
      name: definition.name, received: { reader.received($0) }, polled: { reader.polled($0) },
      isAwaited: { reader.isAwaited }, facts: { reader.facts },
      run: { await reader.run() })
    state.withLock { $0.followers.append(follower) }
    return reader
  }

  /// - Parameters:
  ///   - reader: this process's own, which learns of each batch directly.
  ///   - lease: not yet acquired.
  package func makeWriter<Row>(
    for reader: StreamReader<Row>, lease: WriterLease
  ) -> StreamWriter<Row> {
    let writer = StreamWriter(
      reader.definition, lease: lease, reader: reader, bus: bus, timing: timing,
      logger: logger)
    state.withLock { $0.announcers.append { writer.announce() } }
    return writer
  }

  /// Reads where the streams are now, which is where the readers start.
  /// - Throws: `PostgresError`.
  package func start() async throws {
    try await poll()
  }

  private var isInStep: Bool {
    state.withLock { $0.isInStep }
  }

  package var facts: ReplicationFacts {
    let (isConnected, followers) = state.withLock { ($0.isConnected, $0.followers) }
    return ReplicationFacts(isConnected: isConnected, streams: followers.map { $0.facts() })
  }

  /// Keeps the bus, the readers and the polling going until the task is cancelled.
  package func run() async {
    let followers = state.withLock { $0.followers }
    await withDiscardingTaskGroup { group in
      group.addTask { await self.bus.run() }
      for follower in followers {
        group.addTask { await follower.run() }
      }
      await keepPolling()
    }
  }

  private func keepPolling() async {
    while !Task.isCancelled {
      await pollNow.wait(atMost: pollInterval)
      guard !Task.isCancelled else { return }
      do {
        try await poll()
        state.withLock { $0.failureIsLogged = false }
      } catch {
        logFailure(error)
      }
    }
  }

  private var pollInterval: Duration {
    let (isConnected, followers) = state.withLock { ($0.isConnected, $0.followers) }
    if followers.contains(where: { $0.isAwaited() }) { return timing.pollWhileAwaited }
    return isConnected ? timing.poll : timing.pollWithoutBus
  }

  private func poll() async throws {
    let connections = state.withLock { $0.connections }
    let rows = try await database.queryAll([PositionStore.query, invalidations.query])
    guard rows.count == 2 else { return }
    var more = invalidations.polled(rows[1])
    while let query = more {
      more = invalidations.polled(try await database.query(query.statement, query.binds))
    }
    let positions = PositionStore.read(rows[0])
    for follower in state.withLock({ $0.followers }) {
      follower.polled(positions[follower.name] ?? [:])
    }
    state.withLock { $0.isInStep = $0.isConnected && $0.connections == connections }
  }

  private func handle(_ event: BusEvent) {
    switch event {
    case .message(.replicate(let instance)):
      guard instance != instanceName else { return }
      for announce in state.withLock({ $0.announcers }) { announce() }
    case .message(.invalidate(let cache, let keys)):
      invalidations.received(cache, keys)
    case .message(let message):
      for follower in state.withLock({ $0.followers }) { follower.received(message) }
    case .connected:
      state.withLock { state in
        state.isConnected = true
        state.connections += 1
        state.isInStep = false
      }
      bus.publish(.replicate(instance: instanceName))
      pollNow.raise()
    case .disconnected:
      state.withLock { state in
        state.isConnected = false
        state.isInStep = false
      }
      pollNow.raise()
    }
  }

  private func logFailure(_ error: any Error) {
    let isFirst = state.withLock { state in
      defer { state.failureIsLogged = true }
      return !state.failureIsLogged
    }
    guard !Task.isCancelled else { return }
    logger.log(
      level: isFirst ? .warning : .debug, "cannot read the positions of the streams",
      metadata: ["error": "\(error)"])
  }
}
