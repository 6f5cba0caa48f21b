package import Executors
import MatrixIdentifiers
package import Postgres

/// Ends an account for good. Its rooms are left afterwards, by a job that survives its process.
///
/// spec: client-server-api#account-deactivation
package struct DeactivateAccount: Sendable {
  private let confirmation: OwnerConfirmation
  private let deleteDevices: DeleteDevices
  private let departures: PendingDepartures
  private let observers: [any AccountObserver]
  private let database: Database
  private let clock: any WallClock

  package init(
    confirmation: OwnerConfirmation, deleteDevices: DeleteDevices, departures: PendingDepartures,
    observers: [any AccountObserver] = [], database: Database, clock: any WallClock
  ) {
    self.confirmation = confirmation
    self.deleteDevices = deleteDevices
    self.departures = departures
    self.observers = observers
    self.database = database
    self.clock = clock
  }

  /// - Throws: those of `OwnerConfirmation`.
  package func callAsFunction(
    _ requester: Requester, erase: Bool, auth: AuthAttempt?, operation: GuardedOperation
  ) async throws {
    try await confirmation.require(auth, of: requester, for: operation)
    try await deactivate(requester.userID, erase: erase)
  }

  private func deactivate(_ user: UserID, erase: Bool) async throws {
    let now = clock.now()
    let deleted = try await database.transaction { [self] transaction in
      _ = try await DeviceStore.lockUser(user, on: transaction)
      try await UserStore.deactivate(user, erase: erase, on: transaction)
      if erase { try await ProfileStore.deleteFields(of: user, on: transaction) }
      try await BriefTokenStore.deleteAll(of: user, on: transaction)
      let deleted = try await deleteDevices.delete(
        .all(except: nil), of: user, in: transaction)
      for observer in observers {
        try await observer.accountDeactivated(user, erase: erase, in: transaction)
      }
      try await DepartureStore.queue(user, now: now, on: transaction)
      return deleted
    }
    await deleteDevices.announce(deleted, of: user)
    departures.wake()
  }
}
