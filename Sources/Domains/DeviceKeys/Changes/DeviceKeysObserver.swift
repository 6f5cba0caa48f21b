import Accounts
import Logging
package import MatrixIdentifiers
package import Postgres
package import Streams

/// Lets keys go with their devices and accounts, and tells whoever shares a room of it.
package struct DeviceKeysObserver: DeviceObserver, AccountObserver {
  private let owner: any StreamOwner
  private let counts: KeyCountMemory
  private let pending: PendingChangeStore
  private let logger = Logger(label: "apus.devicekeys")

  package init(owner: any StreamOwner, counts: KeyCountMemory, pending: PendingChangeStore) {
    self.owner = owner
    self.counts = counts
    self.pending = pending
  }

  package func devicesDeleted(
    _ deviceIDs: [String], of user: UserID, in transaction: any Querying
  ) async throws {
    _ = try await transaction.queryAll(
      OneTimeKeyStore.deletion(of: deviceIDs, of: user)
        + [
          PendingChangeStore.deletion(of: deviceIDs, of: user),
          KeyCountMemory.invalidation(of: deviceIDs.map { (user, $0) }),
        ])
  }

  package func accountDeactivated(
    _ user: UserID, erase: Bool, in transaction: any Querying
  ) async throws {
    _ = try await transaction.queryAll(PendingChangeStore.deletion(of: user))
  }

  package func devicesChanged(_ deviceIDs: [String], of user: UserID) async {
    counts.announce(deviceIDs.map { (user, $0) })
    do {
      try await Self.note(deviceIDs, of: user, by: owner)
    } catch {
      logger.warning("a change of devices is told later", metadata: ["error": "\(error)"])
      // Deleted devices are waiting to be told already.
      try? await pending.add(deviceIDs, of: user)
    }
  }

  /// Has the stream's writer tell of devices, and of what else is pending for the user.
  static func note(
    _ deviceIDs: [String], of user: UserID, by owner: any StreamOwner
  ) async throws {
    _ = try await owner.call(
      OwnerCall(
        stream: .deviceLists, action: DeviceListOwner.note, key: user.text,
        body: ChangedDevicesCall(user: user, devices: deviceIDs).encoded))
  }
}
