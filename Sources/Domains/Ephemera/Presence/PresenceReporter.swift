package import Executors
package import MatrixIdentifiers
import MatrixJSON
package import Streams
import Synchronization

/// Tells the owner of presence which devices sync on this worker. No request waits for that, and
/// what comes together goes in one call.
package final class PresenceReporter: Sendable {
  private struct State {
    var devices = SyncingDevices()
    /// Bounded by the devices that are followed.
    var reports: [SyncingDevices.Key: PresenceReport] = [:]
    var hasAlarm = false
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
      if let report { shared.reports[key] = report }
      return report != nil
    }
    if isNews { hasReports.raise() }
    setAlarm()
    return Sync(key: key)
  }

  package func end(_ sync: Sync) {
    guard let key = sync.key else { return }
    state.withLock { $0.devices.end(key, at: clock.now()) }
  }

  /// The next sync of the device is told to the owner whatever has been told before.
  func reset(_ user: UserID, _ deviceID: String) {
    let key = SyncingDevices.Key(userID: user, deviceID: deviceID)
    state.withLock { state in
      state.devices.reset(key)
      state.reports[key] = nil
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
    let batch = state.withLock { state in
      let batch = Array(state.reports.prefix(PresenceReport.batchLimit))
      for (key, _) in batch { state.reports[key] = nil }
      return batch.map(\.value)
    }
    guard !batch.isEmpty else { return false }
    let call = OwnerCall(
      stream: .presence, action: PresenceOwner.report, key: "",
      body: PresenceReport.encode(batch, from: source))
    _ = try? await owner.call(call)
    return true
  }

  private func setAlarm() {
    let isNeeded = state.withLock { state in
      guard !state.hasAlarm, !state.devices.isEmpty else { return false }
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
