import Logging
import Synchronization

/// Announces what this process has written to one stream: to its own reader directly, to the
/// others over the bus.
package final class StreamWriter<Row: Sendable>: Sendable {
  private struct State {
    var machine = StreamWriterMachine<Row>(position: 0)
    /// False until the lease was taken for the first time.
    var isStarted = false
    /// What the bus was last told, and when.
    var announced: Int64 = -1
    var announcedAt = ContinuousClock.now
    var settledAt = ContinuousClock.now
  }

  private let definition: StreamDefinition<Row>
  private let lease: WriterLease
  private let reader: StreamReader<Row>
  private let bus: any ReplicationBus
  private let timing: StreamTiming
  private let logger: Logger
  private let state = Mutex(State())

  init(
    _ definition: StreamDefinition<Row>, lease: WriterLease, reader: StreamReader<Row>,
    bus: any ReplicationBus, timing: StreamTiming, logger: Logger
  ) {
    self.definition = definition
    self.lease = lease
    self.reader = reader
    self.bus = bus
    self.timing = timing
    self.logger = logger
    lease.onAcquire { [weak self] in self?.restart(at: $0) }
  }

  package var name: StreamName {
    definition.name
  }

  package var position: Int64 {
    state.withLock { $0.machine.position }
  }

  /// Tells everybody of a committed batch: its rows in order, all positions drawn after the
  /// transaction's `WriterLease.fence`. Batches are reported in the order of their commits.
  ///
  /// An empty list says that the transaction has certainly written nothing. When it is not
  /// known whether it has, nothing is reported and the lease taken again.
  package func committed(_ rows: [StreamRow<Row>]) {
    guard !rows.isEmpty else { return lease.endAttempt() }
    let attempts = lease.takeAttempts()
    let batch = state.withLock {
      $0.machine.committed(rows, attempts: attempts, writer: lease.writer)
    }
    if let batch { publish(batch) }
  }

  /// Announces the position from time to time, and moves it up while there is nothing to
  /// write, until the task is cancelled.
  package func run() async {
    while !Task.isCancelled {
      try? await Task.sleep(for: timing.heartbeat)
      guard !Task.isCancelled else { return }
      await settle()
      let isDue = state.withLock { state in
        state.isStarted
          && (state.announced != state.machine.position
            || state.announcedAt.duration(to: .now) >= timing.idleAnnouncement)
      }
      if isDue { announce() }
    }
  }

  /// Tells the bus where this writer is.
  func announce() {
    let (isStarted, quietSince, position) = state.withLock {
      ($0.isStarted, $0.machine.quietSince, $0.machine.position)
    }
    guard isStarted else { return }
    let isSent = bus.publish(
      .position(
        stream: definition.name, writer: lease.writer, previous: quietSince, position: position))
    if isSent { note(position) }
  }

  private func restart(at position: Int64) {
    let batch = state.withLock { state in
      state.isStarted = true
      return state.machine.restarted(at: position, writer: lease.writer)
    }
    publish(batch)
  }

  /// An idle writer that stayed behind would hold back everybody's token.
  private func settle() async {
    let others = reader.current.maximum
    let isDue = state.withLock { state in
      guard state.isStarted, state.machine.position < others,
        state.settledAt.duration(to: .now) >= timing.settle
      else { return false }
      state.settledAt = .now
      return true
    }
    guard isDue else { return }
    do {
      guard let reached = try await lease.settle() else { return }
      let attempts = lease.attempts
      let batch = state.withLock {
        $0.machine.settled(at: reached, attempts: attempts, writer: lease.writer)
      }
      if let batch { publish(batch) }
    } catch {
      logger.debug(
        "cannot move up an idle writer",
        metadata: ["stream": "\(definition.name.rawValue)", "error": "\(error)"])
    }
  }

  private func publish(_ batch: StreamBatch<Row>) {
    reader.received(batch)
    guard bus.hasPeers else { return note(batch.position) }
    if bus.publish(message(batch)) { note(batch.position) }
  }

  private func message(_ batch: StreamBatch<Row>) -> ReplicationMessage {
    let (name, position) = (definition.name, batch.position)
    guard !batch.rows.isEmpty else {
      return .position(
        stream: name, writer: batch.writer, previous: batch.previous, position: position)
    }
    guard let rows = RowsCodec.encode(batch.rows, with: definition.encode) else {
      return .position(
        stream: name, writer: batch.writer, previous: position, position: position)
    }
    return .rows(
      stream: name, writer: batch.writer, previous: batch.previous, position: position,
      rows: rows)
  }

  private func note(_ position: Int64) {
    state.withLock { state in
      state.announced = position
      state.announcedAt = .now
    }
  }
}
