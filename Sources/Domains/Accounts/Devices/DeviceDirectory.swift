package import Postgres

/// A user's own devices.
package struct DeviceDirectory: Sendable {
  private let database: Database
  private let observer: (any DeviceObserver)?

  package init(database: Database, observer: (any DeviceObserver)? = nil) {
    self.database = database
    self.observer = observer
  }

  package func list(for requester: Requester) async throws -> [Device] {
    try await DeviceStore.devices(of: requester.userID, on: database)
  }

  /// - Throws: `AccountError.unknownDevice`.
  package func device(_ id: String, for requester: Requester) async throws -> Device {
    // A NUL, which the database does not take, is in no device's id.
    guard !id.utf8.contains(0),
      let device = try await DeviceStore.device(id, of: requester.userID, on: database)
    else { throw AccountError.unknownDevice }
    return device
  }

  /// - Parameter name: nil leaves the name as it is.
  /// - Throws: `AccountError.unknownDevice`, `.tooLong`, `.unusableText`.
  package func rename(_ id: String, to name: String?, for requester: Requester) async throws {
    guard let name else {
      _ = try await device(id, for: requester)
      return
    }
    try StorableText.check(name, field: "display_name", limit: StorableText.deviceNameLimit)
    guard !id.utf8.contains(0),
      try await DeviceStore.rename(id, of: requester.userID, to: name, on: database)
    else { throw AccountError.unknownDevice }
    await observer?.devicesChanged([id], of: requester.userID)
  }
}
