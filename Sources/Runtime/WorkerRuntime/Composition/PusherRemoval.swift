import Accounts
import MatrixIdentifiers
import Postgres
import PushRules

/// Takes the pushers along that were set with a device or an account which is gone, so that
/// nothing is sent to whoever has logged out.
struct PusherRemoval: DeviceObserver, AccountObserver {
  func devicesDeleted(
    _ deviceIDs: [String], of user: UserID, in transaction: any Querying
  ) async throws {
    try await PusherStore.removeAll(of: deviceIDs, of: user, in: transaction)
  }

  func accountDeactivated(
    _ user: UserID, erase: Bool, in transaction: any Querying
  ) async throws {
    try await PusherStore.removeAll(of: user, in: transaction)
  }
}

/// Several as one, told one after the other.
struct DeviceObservers: DeviceObserver {
  let observers: [any DeviceObserver]

  func devicesDeleted(
    _ deviceIDs: [String], of user: UserID, in transaction: any Querying
  ) async throws {
    for observer in observers {
      try await observer.devicesDeleted(deviceIDs, of: user, in: transaction)
    }
  }

  func devicesChanged(_ deviceIDs: [String], of user: UserID) async {
    for observer in observers { await observer.devicesChanged(deviceIDs, of: user) }
  }
}
