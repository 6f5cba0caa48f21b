import MatrixIdentifiers

/// Which devices do something by which their users show that they are there, and what of that the
/// owner of presence is to be told: much less than there are requests. It does not look at a
/// clock: times are given to it, in milliseconds.
struct ActingDevices: Sendable {
  /// Devices that are followed at once.
  static let limit = 50_000
  /// Between two reports of one device. Shorter than a user counts as active after an activity,
  /// so that whoever goes on stays active.
  static let interval: Int64 = 20_000

  /// When each device was reported last.
  private var told: [SyncingDevices.Key: Int64] = [:]

  var isEmpty: Bool { told.isEmpty }

  /// - Returns: what the owner must be told now.
  mutating func act(_ key: SyncingDevices.Key, at now: Int64) -> PresenceReport? {
    if let last = told[key], now - last < Self.interval { return nil }
    guard told[key] != nil || told.count < Self.limit else { return nil }
    told[key] = now
    return PresenceReport(
      userID: key.userID, deviceID: key.deviceID, kind: .acted, state: .online)
  }

  /// The device is said to be idle: its next activity is told in any case.
  mutating func reset(_ key: SyncingDevices.Key) {
    told[key] = nil
  }

  /// Lets go of those of which nothing need be known any more.
  mutating func sweep(at now: Int64) {
    told = told.filter { now - $0.value < Self.interval }
  }
}
