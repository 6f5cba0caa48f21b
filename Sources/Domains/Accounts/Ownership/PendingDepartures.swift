package import Executors
package import Logging
import MatrixIdentifiers
package import Postgres
import Synchronization

/// Takes deactivated users out of their rooms, one after the other. Who is left to do is in the
/// database, so that another process goes on when this one ends.
package final class PendingDepartures: Sendable {
  /// Milliseconds after which another process takes over what one has begun and no longer renews.
  private static let claim: Int64 = 30_000
  private static let renewal = Duration.seconds(10)
  /// Between looks for users that another process did not finish.
  private static let interval = Duration.seconds(15)

  private let rooms: any RoomDepartures
  private let database: Database
  private let clock: any WallClock
  private let logger: Logger
  private let looksAround: Bool
  private let waiter = Mutex<Waiter<Void>>(Waiter())

  /// - Parameter looksAround: also does what other processes have left; else only what this
  ///   process was asked for.
  package init(
    rooms: any RoomDepartures, looksAround: Bool, database: Database, clock: any WallClock,
    logger: Logger
  ) {
    self.rooms = rooms
    self.looksAround = looksAround
    self.database = database
    self.clock = clock
    self.logger = logger
  }

  /// There is a user to be taken out of their rooms.
  func wake() {
    let current = waiter.withLock { $0 }
    current.resolve(())
  }

  /// Works until the task is cancelled.
  package func run() async {
    while !Task.isCancelled {
      // Made before the work, so that who is queued meanwhile is not overlooked.
      let wakeup = waiter.withLock { waiter in
        waiter = Waiter()
        return waiter
      }
      await drain()
      if looksAround {
        await wakeup.value(within: Self.interval, otherwise: ())
      } else {
        await wakeup.value(ifCancelled: ())
      }
    }
  }

  /// Works off what is waiting and nobody else has begun.
  package func drain() async {
    do {
      while !Task.isCancelled {
        let now = clock.now()
        guard
          let user = try await DepartureStore.claim(
            until: now + Self.claim, now: now, on: database)
        else { return }
        try await depart(user)
      }
    } catch {
      logger.warning(
        "a deactivated user has not left all rooms yet", metadata: ["error": "\(error)"])
    }
  }

  /// Keeps the claim for as long as it takes to leave the rooms.
  private func depart(_ user: UserID) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { [self] in
        while true {
          try await Task.sleep(for: Self.renewal)
          try await DepartureStore.renew(user, until: clock.now() + Self.claim, on: database)
        }
      }
      group.addTask { [rooms] in try await rooms.leaveAllRooms(user) }
      defer { group.cancelAll() }
      // The renewal ends only by failing.
      try await group.next()
    }
    try await DepartureStore.finish(user, on: database)
  }
}
