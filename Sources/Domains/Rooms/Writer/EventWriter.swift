import Collections
import DequeModule
package import Executors
package import Logging
package import MatrixIdentifiers
package import Postgres
package import PushRules
import RoomEvents
package import Streams

/// The only writer of its rooms' events. Requests queue up while a commit is under way and are
/// then decided and committed together; their order is the order of arrival.
///
/// Invariants: one commit at a time, so positions need no gap handling; a head in memory is
/// what the database holds plus the commit under way, and is dropped whenever that is in doubt.
package actor EventWriter: EventPersister {
  /// Requests that may wait; more are told to come back later.
  static let queueLimit = 10_000
  /// Requests in one commit.
  static let batchLimit = 256
  /// How long a request outlives a database that is away before its caller is told.
  static let patience = Duration.seconds(8)

  enum Waiting: Sendable {
    case persist(PersistRequest, Waiter<Result<[PersistedEvent], PersistError>>)
    case receive(ReceiveRequest, Waiter<Result<[ReceiveOutcome], PersistError>>)
    case close(RoomID, Waiter<Result<Void, PersistError>>)
  }

  let database: Database
  let store: WriterStore
  let machine: RoomMachine
  let lease: WriterLease
  let stream: StreamWriter<StoredEvent>
  let push: PushDesk?
  let delayed: (any DelayedSendLedger)?
  let clock: any WallClock
  let logger: Logger
  var heads = HeadCache()
  private(set) var queue: Deque<Waiting> = []
  /// Set when `run` has ended: nobody would answer any more.
  private var hasEnded = false
  private let arrivals: AsyncStream<Void>
  private let arrival: AsyncStream<Void>.Continuation

  /// - Parameters:
  ///   - push: finds out whom events notify; nil where nobody asks.
  ///   - delayed: where delayed events are kept; nil where there are none.
  package init(
    database: Database, machine: RoomMachine, lease: WriterLease,
    stream: StreamWriter<StoredEvent>, push: PushDesk? = nil,
    delayed: (any DelayedSendLedger)? = nil, clock: any WallClock, logger: Logger
  ) {
    self.database = database
    store = WriterStore(database: database)
    self.machine = machine
    self.lease = lease
    self.stream = stream
    self.push = push
    self.delayed = delayed
    self.clock = clock
    self.logger = logger
    (arrivals, arrival) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  package func persist(
    _ request: PersistRequest
  ) async throws(PersistError) -> [PersistedEvent] {
    let answer = Waiter<Result<[PersistedEvent], PersistError>>()
    try enqueue(.persist(request, answer))
    return try await answer.value(ifCancelled: .failure(Self.givenUp)).get()
  }

  /// Takes events of other servers into one of this writer's rooms, in the order given.
  /// - Returns: what became of each.
  package func receive(
    _ request: ReceiveRequest
  ) async throws(PersistError) -> [ReceiveOutcome] {
    guard request.events.count <= ReceiveRequest.eventLimit else {
      throw .invalid(reason: "too many events at a time")
    }
    let answer = Waiter<Result<[ReceiveOutcome], PersistError>>()
    try enqueue(.receive(request, answer))
    return try await answer.value(ifCancelled: .failure(Self.givenUp)).get()
  }

  package func close(_ room: RoomID) async throws(PersistError) {
    let answer = Waiter<Result<Void, PersistError>>()
    try enqueue(.close(room, answer))
    try await answer.value(ifCancelled: .failure(Self.givenUp)).get()
  }

  private func enqueue(_ waiting: Waiting) throws(PersistError) {
    guard queue.count < Self.queueLimit else {
      throw .unavailable(reason: "too many events are waiting to be written")
    }
    guard !hasEnded else { throw Self.stopping }
    queue.append(waiting)
    arrival.yield()
  }

  /// Commits what arrives, until the task is cancelled; then what still waits is refused.
  package func run() async {
    for await _ in arrivals {
      while !queue.isEmpty, !Task.isCancelled {
        if case .close(let room, let answer) = queue.first {
          queue.removeFirst()
          answer.resolve(await closing(room))
          continue
        }
        let batch = WriterBatch.first(of: queue, limit: Self.batchLimit)
        queue.removeFirst(batch.waiting.count)
        await process(batch)
      }
    }
    hasEnded = true
    for waiting in queue { waiting.refuse(Self.stopping) }
    queue.removeAll()
  }

  private static let givenUp = PersistError.unavailable(reason: "the request was given up")
  private static let stopping = PersistError.unavailable(reason: "the worker is stopping")
}
