import Executors
package import Logging
package import Postgres
import Synchronization

/// Hands a stream's rows to a consumer from where it stopped last time, at least once and in
/// each writer's order.
package final class StreamFollower<Row: Sendable>: Sendable {
  package typealias Handler = @Sendable (StreamBatch<Row>) async throws -> Void
  private typealias Machine = StreamReaderMachine<Row>

  /// Batches kept while the consumer is busy; beyond it they are looked up in the database.
  private static var inboxLimit: Int { 256 }
  /// How often the position is stored: what is handled again after a crash.
  private static var storeInterval: Duration { .seconds(1) }
  /// How long rows are gathered before the consumer gets them, so that a busy stream costs a
  /// wake-up each so often and not one an event.
  private static var gatherTime: Duration { .milliseconds(20) }
  private static var firstRetry: Duration { .milliseconds(100) }
  private static var longestRetry: Duration { .seconds(5) }
  /// How long it may take to notice what nobody told.
  private static var longestWait: Duration { .seconds(5) }

  private let reader: StreamReader<Row>
  private let positions: ConsumerPositions
  private let logger: Logger
  private let inbox = Mutex<[StreamBatch<Row>]>([])
  private let arrival = Wakeup()
  /// Never raised: a pause that costs no more than the loop's own timer.
  private let pause = Wakeup()

  /// - Parameter consumer: see `ConsumerPositions`.
  package init(
    consumer: String, reader: StreamReader<Row>, database: any Querying, logger: Logger
  ) {
    self.reader = reader
    positions = ConsumerPositions(consumer: consumer, stream: reader.name, database: database)
    self.logger = logger
    reader.onWake { [weak self] in self?.take($0) }
  }

  /// Follows until the task is cancelled. A batch whose handler throws is handed over again,
  /// after a growing delay. A consumer that is new starts at the reader's present position.
  package func run(_ handler: @escaping Handler) async {
    var progress = Progress(start: await start())
    while !Task.isCancelled {
      await catchUp(&progress, handler)
      if !progress.isStored, progress.storedAt.duration(to: .now) >= Self.storeInterval {
        await store(&progress)
      }
      await arrival.wait(atMost: progress.isStored ? Self.longestWait : Self.storeInterval)
      await pause.wait(atMost: Self.gatherTime)
    }
    await store(&progress)
  }

  private struct Progress {
    var machine = Machine()
    /// Up to where the consumer has done its work.
    var done: [WriterID: Int64]
    var isStored = false
    var storedAt = ContinuousClock.now

    init(start: [WriterID: Int64]) {
      done = start
      _ = machine.polled(start)
    }

    /// A writer that is new counts as done up to where the machine starts it: if it were not
    /// stored, a later start could take it for newer than it is and skip rows.
    mutating func input(_ input: (inout Machine) -> [Machine.Action]) -> [Machine.Action] {
      let floor = machine.floor
      let actions = input(&machine)
      for writer in machine.positions.keys where done[writer] == nil {
        done[writer] = floor
        isStored = false
      }
      return actions
    }
  }

  private func take(_ batch: StreamBatch<Row>) {
    inbox.withLock { inbox in
      if inbox.count >= Self.inboxLimit { inbox.removeAll() }
      inbox.append(batch)
    }
    arrival.raise()
  }

  private func start() async -> [WriterID: Int64] {
    var backoff = Backoff(first: Self.firstRetry, ceiling: Self.longestRetry)
    while !Task.isCancelled {
      do {
        return try await positions.load() ?? reader.positions
      } catch {
        log("cannot load a consumer's position", error)
      }
      try? await Task.sleep(for: backoff.delay(random: 0))
    }
    return [:]
  }

  private func catchUp(_ progress: inout Progress, _ handler: Handler) async {
    let batches = inbox.withLock { inbox in
      defer { inbox.removeAll() }
      return inbox
    }
    var actions: [Machine.Action] = []
    for batch in batches { actions += progress.input { $0.received(batch) } }
    actions += progress.input { $0.polled(reader.positions) }
    while !actions.isEmpty, !Task.isCancelled {
      switch actions.removeFirst() {
      case .deliver(let batch, _):
        guard await handle(batch, handler) else { return }
        progress.done[batch.writer] = batch.position
        progress.isStored = false
      case .fetch(let gap):
        actions += await fetch(gap, &progress.machine)
      case .settle:
        break
      }
    }
  }

  /// False when the task was cancelled before the handler succeeded.
  private func handle(_ batch: StreamBatch<Row>, _ handler: Handler) async -> Bool {
    var backoff = Backoff(first: Self.firstRetry, ceiling: Self.longestRetry)
    while !Task.isCancelled {
      do {
        try await handler(batch)
        return true
      } catch {
        log("a consumer could not handle rows of a stream", error)
      }
      try? await Task.sleep(for: backoff.delay(random: 0))
    }
    return false
  }

  private func fetch(_ gap: StreamGap, _ machine: inout Machine) async -> [Machine.Action] {
    do {
      let page = try await reader.definition.page(of: gap)
      return machine.fetched(gap, rows: page.rows, reached: page.reached)
    } catch {
      log("cannot look up rows of a stream", error)
      machine.fetchFailed(gap)
      return []
    }
  }

  private func store(_ progress: inout Progress) async {
    progress.storedAt = .now
    do {
      try await positions.store(progress.done)
      progress.isStored = true
    } catch {
      log("cannot store a consumer's position", error)
    }
  }

  private func log(_ text: Logger.Message, _ error: any Error) {
    guard !Task.isCancelled else { return }
    logger.warning(
      text, metadata: ["stream": "\(reader.name.rawValue)", "error": "\(error)"])
  }
}
