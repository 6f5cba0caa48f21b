import MatrixIdentifiers

/// Which devices use /sync on this worker, and what of that the owner of presence is to be told:
/// much less than there are requests. It does not look at a clock: times are given to it, in
/// milliseconds.
struct SyncingDevices: Sendable {
  /// Devices that are followed at once.
  static let limit = 50_000
  /// How long after a sync has ended the next one is waited for.
  static let patience: Int64 = 10_000
  /// Between two changes of one device's mind.
  static let changeInterval: Int64 = 1_000
  /// How often it is looked for what is due.
  static let sweepInterval: Int64 = 5_000

  struct Key: Hashable, Sendable {
    let userID: UserID
    let deviceID: String
  }

  private struct Entry {
    var state: PresenceState
    var running = 0
    /// Nil until the owner is told of the entry, and when it is to be told anew.
    var lastReport: Int64?
    var endedAt: Int64 = 0
    /// What is to be told as soon as it may be.
    var isPending = false
  }

  private var entries: [Key: Entry] = [:]

  var isEmpty: Bool { entries.isEmpty }

  /// - Parameter isActive: whether the client says by itself that somebody is there.
  /// - Returns: what the owner must be told now.
  mutating func begin(
    _ key: Key, _ state: PresenceState, isActive: Bool, at now: Int64
  ) -> PresenceReport? {
    guard entries[key] != nil || entries.count < Self.limit else { return nil }
    var entry = entries[key] ?? Entry(state: state)
    entry.running += 1
    defer { entries[key] = entry }
    let isNew = entry.lastReport == nil || entry.state != state
    let sinceLast = entry.lastReport.map { now - $0 } ?? .max
    entry.state = state
    guard isNew || sinceLast >= PresenceMachine.reportInterval else { return nil }
    guard sinceLast >= Self.changeInterval else {
      entry.isPending = true
      return nil
    }
    (entry.lastReport, entry.isPending) = (now, false)
    return PresenceReport(
      userID: key.userID, deviceID: key.deviceID, kind: isActive ? .active : .started,
      state: state)
  }

  mutating func end(_ key: Key, at now: Int64) {
    guard let running = entries[key]?.running, running > 0 else { return }
    entries[key]?.running = running - 1
    if running == 1 { entries[key]?.endedAt = now }
  }

  /// The device's user has said something else: its next sync is told in any case, and the one
  /// that is under way is not.
  mutating func reset(_ key: Key) {
    entries[key]?.lastReport = nil
    entries[key]?.isPending = false
  }

  /// What the owner must be told after some time.
  mutating func sweep(at now: Int64) -> [PresenceReport] {
    var reports: [PresenceReport] = []
    for (key, entry) in entries {
      if entry.running == 0, now - entry.endedAt >= Self.patience {
        entries[key] = nil
        guard entry.lastReport != nil else { continue }
        reports.append(report(key, .ended, entry.state, age: now - entry.endedAt))
      } else if let last = entry.lastReport {
        guard
          entry.isPending || entry.running > 0 && now - last >= PresenceMachine.reportInterval
        else { continue }
        entries[key]?.lastReport = now
        entries[key]?.isPending = false
        reports.append(report(key, entry.isPending ? .started : .still, entry.state))
      }
    }
    return reports
  }

  private func report(
    _ key: Key, _ kind: PresenceReport.Kind, _ state: PresenceState, age: Int64 = 0
  ) -> PresenceReport {
    PresenceReport(
      userID: key.userID, deviceID: key.deviceID, kind: kind, state: state, age: age)
  }
}
