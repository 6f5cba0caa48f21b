import Collections
import DequeModule
package import Executors
package import Logging
import MatrixIdentifiers
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

  struct Waiting: Sendable {
    let request: PersistRequest
    let answer: Waiter<Result<[PersistedEvent], PersistError>>
  }

  let database: Database
  let store: WriterStore
  let machine: RoomMachine
  let lease: WriterLease
  let stream: StreamWriter<StoredEvent>
  let push: PushDesk?
  let clock: any WallClock
  let logger: Logger
  var heads = HeadCache()
  private(set) var queue: Deque<Waiting> = []
  /// Set when `run` has ended: nobody would answer any more.
  private var hasEnded = false
  private let arrivals: AsyncStream<Void>
  private let arrival: AsyncStream<Void>.Continuation

  /// - Parameter push: finds out whom events notify; nil where nobody asks.
  package init(
    database: Database, machine: RoomMachine, lease: WriterLease,
    stream: StreamWriter<StoredEvent>, push: PushDesk? = nil, clock: any WallClock, logger: Logger
  ) {
    self.database = database
    store = WriterStore(database: database)
    self.machine = machine
    self.lease = lease
    self.stream = stream
    self.push = push
    self.clock = clock
    self.logger = logger
    (arrivals, arrival) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  package func persist(
    _ request: PersistRequest
  ) async throws(PersistError) -> [PersistedEvent] {
    guard queue.count < Self.queueLimit else {
      throw .unavailable(reason: "too many events are waiting to be written")
    }
    guard !hasEnded else { throw Self.stopping }
    let waiting = Waiting(request: request, answer: Waiter())
    queue.append(waiting)
    arrival.yield()
    return try await waiting.answer.value(
      ifCancelled: .failure(.unavailable(reason: "the request was given up"))
    ).get()
  }

  /// Commits what arrives, until the task is cancelled; then what still waits is refused.
  package func run() async {
    for await _ in arrivals {
      while !queue.isEmpty, !Task.isCancelled {
        let batch = Array(queue.prefix(Self.batchLimit))
        queue.removeFirst(batch.count)
        await process(batch)
      }
    }
    hasEnded = true
    for waiting in queue {
      waiting.answer.resolve(.failure(Self.stopping))
    }
    queue.removeAll()
  }

  private static let stopping = PersistError.unavailable(reason: "the worker is stopping")
}
