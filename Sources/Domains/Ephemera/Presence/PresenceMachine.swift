import DequeModule
import MatrixIdentifiers

/// Who is there: what devices do and how long ago, merged into what others are told. It does not
/// look at a clock: times are given to it, in milliseconds.
struct PresenceMachine: Sendable {
  /// Since the last sync has ended, or since a user has said it, until somebody counts as gone.
  static let onlineTimeout: Int64 = 30_000
  /// A device that syncs is reported at least this often.
  static let reportInterval: Int64 = 25_000
  /// Without activity for so long, a device counts as idle.
  static let idleTimeout: Int64 = 300_000
  /// For so long after an activity a user is told to be active, and further ones are not told.
  static let activePeriod: Int64 = 60_000
  /// Users whose presence is followed; more stay as they are, offline.
  static let userLimit = 50_000
  /// Users who are offline and still told of; of others only the database knows.
  static let offlineLimit = 10_000
  /// Devices of one user that are there at once.
  static let deviceLimit = 50

  /// Stands for all that an earlier process knew; no device has this name.
  private static let restoredDevice = "\0"

  /// What changed, for all others to know; nil for a user who is not followed any more.
  typealias Changes = [UserID: PresenceRecord?]

  struct Device: Sendable {
    var state: PresenceState
    var lastActive: Int64
    /// Until when it counts as being there, by who said so.
    var ends: [String: Int64]

    var end: Int64 { ends.values.max() ?? 0 }
  }

  struct User: Sendable {
    var devices: [String: Device] = [:]
    /// What others know.
    var told: PresenceRecord
    var lastActive: Int64?
    var status: String?
    /// Names the user's last place among those who are offline; nil while the user is there.
    var rest: UInt64?
  }

  private var users: [UserID: User] = [:]
  private var wheel = TimerWheel()
  /// Who is offline, longest ago first, among places that are left.
  private var offline: Deque<(user: UserID, rest: UInt64)> = []
  private var offlineCount = 0
  private var rests: UInt64 = 0
  private let limits: Limits

  struct Limits: Sendable {
    var users = PresenceMachine.userLimit
    var offline = PresenceMachine.offlineLimit
  }

  init(limits: Limits = Limits()) {
    self.limits = limits
  }

  /// When time changes something next.
  var nextDeadline: Int64? { wheel.next }

  func follows(_ user: UserID) -> Bool { users[user] != nil }

  func record(of user: UserID) -> PresenceRecord? { users[user]?.told }

  /// Begins to follow a user, as the database last had it, in the place of one who is offline
  /// where there are too many.
  mutating func recall(
    _ user: UserID, _ stored: PresenceRecord?, into changes: inout Changes
  ) {
    guard users[user] == nil else { return }
    if users.count >= limits.users { retire(downTo: offlineCount - 1, into: &changes) }
    guard users.count < limits.users else { return }
    var told = stored ?? PresenceRecord()
    (told.state, told.isActive) = (.offline, false)
    users[user] = User(told: told, lastActive: told.lastActive, status: told.status)
    rest(user)
  }

  /// Takes up what an earlier process left: its users are there until it is clear that they are
  /// not.
  mutating func restore(_ stored: [UserID: PresenceRecord], at now: Int64) -> Changes {
    var changes: Changes = [:]
    for (user, record) in stored {
      recall(user, record, into: &changes)
      let device = Device(
        state: record.state, lastActive: record.lastActive ?? now,
        ends: ["": now + Self.reportInterval + Self.onlineTimeout])
      if record.state != .offline { users[user]?.devices[Self.restoredDevice] = device }
      review(user, at: now, into: &changes)
    }
    return changes
  }

  /// What a worker tells of a device.
  mutating func take(
    _ report: PresenceReport, from source: String, at now: Int64, into changes: inout Changes
  ) {
    guard var user = users[report.userID] else { return }
    let known = user.devices[report.deviceID]
    guard known != nil || user.devices.count < Self.deviceLimit else { return }
    var device = known ?? Device(state: .offline, lastActive: user.lastActive ?? 0, ends: [:])
    switch report.kind {
    case .ended:
      guard known?.ends[source] != nil else { return }
      device.ends[source] = now - report.age + Self.onlineTimeout
    case .acted:
      noteActivity(of: report.userID, report.deviceID, isOwn: true, at: now, into: &changes)
      return
    case .active, .started, .still:
      device.ends[source] = now + Self.reportInterval + Self.onlineTimeout
      if report.kind != .still || known == nil {
        // Who comes online has just done something.
        let isActivity = report.kind == .active || known?.state != .online
        if report.state == .online, isActivity {
          (device.lastActive, user.lastActive) = (now, now)
        }
        device.state = report.state
      }
    }
    user.devices[report.deviceID] = device
    // What an earlier process knew is settled by what is known now.
    if report.kind != .ended { user.devices[Self.restoredDevice] = nil }
    users[report.userID] = user
    review(report.userID, at: now, into: &changes)
  }

  /// What a user says for a device.
  /// - Parameter status: nil for none.
  mutating func set(
    _ user: UserID, _ device: String, to state: PresenceState, status: String?, at now: Int64,
    into changes: inout Changes
  ) {
    guard users[user] != nil else { return }
    users[user]?.status = status
    users[user]?.devices[Self.restoredDevice] = nil
    if state == .offline {
      users[user]?.devices[device] = nil
    } else if let known = users[user]?.devices,
      known[device] != nil || known.count < Self.deviceLimit
    {
      var changed = known[device] ?? Device(state: state, lastActive: 0, ends: [:])
      changed.state = state
      changed.ends["set"] = now + Self.onlineTimeout
      if state == .online {
        changed.lastActive = now
        users[user]?.lastActive = now
      }
      users[user]?.devices[device] = changed
    }
    review(user, at: now, into: &changes)
  }

  /// A user does something. That brings back the device from being idle, and all of them where it
  /// is not known to be there.
  /// - Parameter isOwn: whether it is certain that the user did it, and did it now.
  mutating func noteActivity(
    of user: UserID, _ device: String?, isOwn: Bool, at now: Int64, into changes: inout Changes
  ) {
    guard let known = users[user] else { return }
    users[user]?.lastActive = now
    // Others hear of it when the user is there again.
    guard known.told.state != .offline else { return }
    let acting = device.flatMap { known.devices[$0] == nil ? nil : $0 }
    for name in acting.map({ [$0] }) ?? Array(known.devices.keys) {
      users[user]?.devices[name]?.lastActive = now
      if acting != nil || isOwn { users[user]?.devices[name]?.state = .online }
    }
    review(user, at: now, into: &changes)
  }

  /// Tells others of a user's name and picture.
  mutating func announce(
    _ profile: PresenceProfile, of user: UserID, at now: Int64, into changes: inout Changes
  ) {
    review(user, at: now, into: &changes)
    guard let known = users[user] else { return }
    var told = known.told
    (told.lastActive, told.profile) = (known.lastActive, profile)
    users[user]?.told = told
    changes[user] = .some(told)
  }

  /// What is known just now, others told or not.
  func record(of user: UserID, at now: Int64) -> PresenceRecord? {
    users[user].map { Self.record(of: $0, at: now) }
  }

  /// What time has changed.
  mutating func expire(at now: Int64) -> Changes {
    var changes: Changes = [:]
    for user in wheel.take(upTo: now) { review(user, at: now, into: &changes) }
    return changes
  }
}

// Finding what is to be told.
extension PresenceMachine {
  private mutating func review(_ id: UserID, at now: Int64, into changes: inout Changes) {
    guard var user = users[id] else { return }
    user.devices = user.devices.compactMapValues { device in
      var device = device
      device.ends = device.ends.filter { $0.value > now }
      return device.ends.isEmpty ? nil : device
    }
    let record = Self.record(of: user, at: now)
    if Self.isNews(record, after: user.told) {
      user.told = record
      changes[id] = .some(record)
    }
    users[id] = user
    if record.state != .offline {
      wheel.set(id, at: Self.deadline(of: user, record, now), now: now)
      if user.rest != nil {
        users[id]?.rest = nil
        offlineCount -= 1
      }
    } else if user.rest == nil {
      wheel.set(id, at: nil, now: now)
      rest(id)
      retire(downTo: limits.offline, into: &changes)
    }
  }

  private static func record(of user: User, at now: Int64) -> PresenceRecord {
    var state = PresenceState.offline
    for device in user.devices.values {
      let isIdle = now - device.lastActive >= idleTimeout
      if device.state == .online, !isIdle { state = .online }
      if state == .offline { state = .unavailable }
    }
    let isRecent = user.lastActive.map { now - $0 < activePeriod } ?? false
    return PresenceRecord(
      state: state, lastActive: user.lastActive, status: user.status,
      isActive: state == .online && isRecent)
  }

  private static func isNews(_ record: PresenceRecord, after told: PresenceRecord) -> Bool {
    if record.state != told.state || record.status != told.status { return true }
    if record.isActive != told.isActive { return true }
    guard !record.isActive, let last = record.lastActive else { return false }
    return last - (told.lastActive ?? 0) > activePeriod
  }

  /// When the record becomes another one if nothing happens.
  private static func deadline(of user: User, _ record: PresenceRecord, _ now: Int64) -> Int64? {
    var deadlines = user.devices.values.map(\.end)
    for device in user.devices.values where device.state == .online {
      deadlines.append(device.lastActive + idleTimeout)
    }
    if record.isActive, let last = user.lastActive { deadlines.append(last + activePeriod) }
    return deadlines.filter { $0 > now }.min()
  }

  private mutating func rest(_ user: UserID) {
    rests += 1
    users[user]?.rest = rests
    offline.append((user, rests))
    offlineCount += 1
    if offline.count > 2 * limits.offline {
      offline.removeAll { users[$0.user]?.rest != $0.rest }
    }
  }

  /// Forgets those who have been offline for longest.
  private mutating func retire(downTo limit: Int, into changes: inout Changes) {
    while offlineCount > max(limit, 0), let oldest = offline.popFirst() {
      guard users[oldest.user]?.rest == oldest.rest else { continue }
      users[oldest.user] = nil
      offlineCount -= 1
      changes[oldest.user] = .some(nil)
    }
  }
}
