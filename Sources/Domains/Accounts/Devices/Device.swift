/// A device as its owner sees it.
package struct Device: Sendable, Equatable {
  package let id: String
  package let displayName: String?
  package let lastSeenIP: String?
  /// Milliseconds since the epoch.
  package let lastSeenAt: Int64?
}

/// The device that a new access token is to belong to.
package struct DeviceRequest: Sendable {
  package let id: String?
  /// Only used when the device is new.
  package let initialDisplayName: String?
  /// The client knows how to refresh its token.
  package let isRefreshable: Bool

  /// - Throws: `.tooLong` or `.unusableText` for an id that cannot be kept.
  package init(
    id: String?, initialDisplayName: String?, isRefreshable: Bool = false
  ) throws(AccountError) {
    let id = id.flatMap { $0.isEmpty ? nil : $0 }
    if let id {
      guard id.utf8.count <= StorableText.deviceIDLimit else {
        throw .tooLong(field: "device_id", limit: StorableText.deviceIDLimit)
      }
      try StorableText.check(id, field: "device_id", limit: StorableText.deviceIDLimit)
    }
    self.id = id
    self.initialDisplayName = StorableText.cutDeviceName(initialDisplayName)
    self.isRefreshable = isRefreshable
  }

  /// Whatever device the server likes to make.
  static let any = DeviceRequest()

  private init() {
    id = nil
    initialDisplayName = nil
    isRefreshable = false
  }
}
