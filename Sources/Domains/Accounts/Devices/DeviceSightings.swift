package import Logging
import MatrixIdentifiers
package import Postgres
import Synchronization

/// The use of a device, as shown in its owner's list of devices.
struct DeviceSighting: Sendable {
  let userID: UserID
  let deviceID: String
  /// Milliseconds since the epoch.
  let at: Int64
  let address: String?
}

/// Collects uses of devices and writes them in batches, so that a request never waits for it.
/// They are for people to look at: a few that are lost with a process do no harm.
package final class DeviceSightings: Sendable {
  /// Milliseconds between two notes of one device.
  static let interval: Int64 = 120_000
  private static let flushInterval = Duration.seconds(10)
  /// Devices waiting to be written; further ones are dropped.
  private static let pendingLimit = 10_000
  /// Bytes; the longest IPv6 address with its zone is shorter.
  private static let addressLimit = 100

  private struct Key: Hashable {
    let userID: UserID
    let deviceID: String
  }

  private let database: Database
  private let logger: Logger
  private let pending = Mutex<[Key: DeviceSighting]>([:])

  package init(database: Database, logger: Logger) {
    self.database = database
    self.logger = logger
  }

  /// - Parameter address: left out when it cannot be an address, as one that the database
  ///   refuses would take a whole batch with it.
  func note(_ userID: UserID, _ deviceID: String, at time: Int64, from address: String?) {
    let address = address.flatMap {
      $0.utf8.count <= Self.addressLimit && !$0.utf8.contains(0) ? $0 : nil
    }
    let sighting = DeviceSighting(userID: userID, deviceID: deviceID, at: time, address: address)
    let key = Key(userID: userID, deviceID: deviceID)
    pending.withLock { pending in
      guard pending[key] != nil || pending.count < Self.pendingLimit else { return }
      pending[key] = sighting
    }
  }

  /// Writes what has been noted until the task is cancelled, and then once more.
  package func run() async {
    while !Task.isCancelled {
      try? await Task.sleep(for: Self.flushInterval)
      if !Task.isCancelled { await flush() }
    }
    await flush()
  }

  /// Writes all that is waiting.
  package func flush() async {
    let batch = pending.withLock { pending in
      defer { pending = [:] }
      return Array(pending.values)
    }
    guard !batch.isEmpty else { return }
    do {
      try await DeviceStore.note(batch, on: database)
    } catch {
      logger.warning(
        "could not note when devices were used",
        metadata: ["count": "\(batch.count)", "error": "\(error)"])
    }
  }
}
