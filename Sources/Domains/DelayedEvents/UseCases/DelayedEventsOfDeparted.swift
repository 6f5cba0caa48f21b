import Accounts
package import Executors
package import MatrixIdentifiers
package import Postgres

/// Nothing is sent any more for users who are gone.
package struct DelayedEventsOfDeparted: AccountObserver {
  private let clock: any WallClock

  package init(clock: any WallClock) {
    self.clock = clock
  }

  package func accountDeactivated(
    _ user: UserID, erase: Bool, in transaction: any Querying
  ) async throws {
    try await DelayedEventStore(database: transaction).cancelAll(of: user, now: clock.now())
  }
}
