package import Executors
package import MatrixIdentifiers
import MatrixJSON
package import Streams
import Synchronization

/// Tells the owner of presence which devices sync on this worker and what their users do. No
/// request waits for that, and what comes together goes in one call.
package final class PresenceReporter: Sendable {
  /// Profiles that wait to be told; more changes at once are told by member events alone.
  private static let profileLimit = 10_000

  private struct State {
    var devices = SyncingDevices()
    var acting = ActingDevices()
    /// Bounded by the devices that are followed, as the next ones are.
    var reports: [SyncingDevices.Key: PresenceReport] = [:]
    /// Told after the others: a device acts as what it has said to be.
    var activity: [SyncingDevices.Key: PresenceReport] = [:]
    var profiles: [UserID: PresenceProfile] = [:]
    var hasAlarm = false

    mutating func forgetActivity(_ key: SyncingDevices.Key) {
      acting.reset(key)
      activity[key] = nil
    }
  }

  /// How a client wants to be seen while it syncs.
  package enum Wish: Sendable {
    /// It does not say, which means online.
    case unsaid
    case state(PresenceState)
  }

  /// One sync; ended once.
  package struct Sync: Sendable {
    fileprivate let key: SyncingDevices.Key?
  }

  private let source: String
  private let owner: any StreamOwner
  private let executor: LoopExecutor
  private let clock: any WallClock
  private let state = Mutex(State())
  private let hasReports = Wakeup()

  /// - Parameter source: this worker's name.
  package init(
    source: String, owner: any StreamOwner, executor: LoopExecutor, clock: any WallClock
  ) {
    self.source = source
    self.owner = owner
    self.executor = executor
    self.clock = clock
  }

  package func begin(_ user: UserID, _ deviceID: String?, _ wish: Wish) -> Sync {
    let (state, isActive): (PresenceState, Bool) =
      switch wish {
      case .unsaid: (.online, false)
      case .state(let state): (state, state == .online)
      }
    guard state != .offline else { return Sync(key: nil) }
    let key = SyncingDevices.Key(userID: user, deviceID: deviceID ?? "")
    let isNews = self.state.withLock { shared in
      let report = shared.devices.begin(key, state, isActive: isActive, at: clock.now())
      guard let report else { return false }
      shared.reports[key] = report
      if report.state != .online { shared.forgetActivity(key) }
      return true
    }
    if isNews { hasReports.raise() }
    setAlarm()
    return Sync(key: key)
  }

  package func end(_ sync: Sync) {
    guard let key = sync.key else { return }
    state.withLock { $0.devices.end(key, at: clock.now()) }
  }

  /// A user does something through a device that shows that somebody is there.
  package func noteActivity(of user: UserID, _ deviceID: String?) {
    let key = SyncingDevices.Key(userID: user, deviceID: deviceID ?? "")
    let isNews = state.withLock { state in
      guard let report = state.acting.act(key, at: clock.now()) else { return false }
      state.activity[key] = report
      return true
    }
    guard isNews else { return }
    hasReports.raise()
    setAlarm()
  }

  /// A user has another name or picture, of which all are told who see the user's presence.
  package func announce(_ profile: PresenceProfile, of user: UserID) {
    state.withLock { state in
      if state.profiles.count < Self.profileLimit { state.profiles[user] = profile }
    }
    hasReports.raise()
  }

  /// What the device does next is told to the owner whatever has been told before.
  func reset(_ user: UserID, _ deviceID: String) {
    let key = SyncingDevices.Key(userID: user, deviceID: deviceID)
    state.withLock { state in
      state.devices.reset(key)
      state.reports[key] = nil
      state.forgetActivity(key)
    }
  }

  /// Tells the owner until the task is cancelled.
  package func run() async {
    while !Task.isCancelled {
      await hasReports.wait(atMost: .seconds(3600))
      while !Task.isCancelled, await send() {}
    }
  }

  /// What the owner does not get is told again with the device's next report.
  /// - Returns: false when there was nothing to tell.
  private func send() async -> Bool {
    let (batch, profiles) = state.withLock { state in
      let batch = Self.take(&state.reports) + Self.take(&state.activity)
      defer { state.profiles = [:] }
      return (batch, state.profiles)
    }
    if !batch.isEmpty {
      await tell(PresenceOwner.report, PresenceReport.encode(batch, from: source))
    }
    if !profiles.isEmpty {
      await tell(PresenceOwner.announce, PresenceProfile.encode(profiles))
    }
    return !batch.isEmpty || !profiles.isEmpty
  }

  private static func take(
    _ reports: inout [SyncingDevices.Key: PresenceReport]
  ) -> [PresenceReport] {
    let batch = Array(reports.prefix(PresenceReport.batchLimit))
    for (key, _) in batch { reports[key] = nil }
    return batch.map(\.value)
  }

  private func tell(_ action: String, _ body: [UInt8]) async {
    _ = try? await owner.call(
      OwnerCall(stream: .presence, action: action, key: "", body: body))
  }

  private func setAlarm() {
    let isNeeded = state.withLock { state in
      guard !state.hasAlarm, !state.devices.isEmpty || !state.acting.isEmpty else {
        return false
      }
      state.hasAlarm = true
      return true
    }
    guard isNeeded else { return }
    _ = executor.schedule(after: .milliseconds(SyncingDevices.sweepInterval)) { [weak self] in
      self?.sweep()
    }
  }

  private func sweep() {
    let isNews = state.withLock { state in
      state.hasAlarm = false
      state.acting.sweep(at: clock.now())
      for report in state.devices.sweep(at: clock.now()) {
        let key = SyncingDevices.Key(userID: report.userID, deviceID: report.deviceID)
        // A beginning that waits to be told says more.
        if report.kind != .still || state.reports[key] == nil { state.reports[key] = report }
      }
      return !state.reports.isEmpty
    }
    if isNews { hasReports.raise() }
    setAlarm()
  }
}
