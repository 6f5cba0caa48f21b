package import Executors
package import Logging
import MatrixIdentifiers
import MatrixJSON
import RoomEvents
package import Rooms
package import Streams
import Synchronization

/// The writer of the presence stream.
package final class PresenceOwner: Sendable {
  static let announce = "announce"
  static let get = "get"
  static let report = "report"
  static let set = "set"

  private let values: LatestValues
  private let store: PresenceStore
  private let journal: PresenceJournal
  private let clock: any WallClock
  private let machine = Mutex(PresenceMachine())
  private let alarm: Alarm

  package init(
    values: LatestValues, store: PresenceStore, executor: LoopExecutor, clock: any WallClock,
    logger: Logger
  ) {
    self.values = values
    self.store = store
    self.clock = clock
    alarm = Alarm(executor: executor, clock: clock)
    journal = PresenceJournal(store: store, clock: clock, logger: logger)
  }

  package func register(in owner: LocalOwner) {
    values.register(in: owner)
    owner.register(.presence, Self.report) { body throws(OwnerError) in
      guard let root = try? JSONDocument(body).root,
        let (reports, source) = PresenceReport.decode(root)
      else { throw Self.unreadable }
      try await self.take(reports, from: source)
      return Self.done
    }
    owner.register(.presence, Self.announce) { body throws(OwnerError) in
      guard let rows = try? JSONDocument(body).root["profiles"] else { throw Self.unreadable }
      try await self.announce(PresenceProfile.decode(rows))
      return Self.done
    }
    owner.register(.presence, Self.get) { body throws(OwnerError) in
      guard let user = try? JSONDocument(body).root["user"]?.string.flatMap({ UserID($0) }) else {
        throw Self.unreadable
      }
      let now = self.clock.now()
      return self.machine.withLock { $0.record(of: user, at: now) }?.encoded ?? Self.done
    }
    owner.register(.presence, Self.set) { body throws(OwnerError) in
      guard let root = try? JSONDocument(body).root,
        let user = root["user"]?.string.flatMap({ UserID($0) }),
        let device = root["device"]?.string,
        let state = root["state"]?.string.flatMap({ PresenceState(rawValue: $0) })
      else { throw Self.unreadable }
      try await self.set(user, device, to: state, status: root["status"]?.string)
      return Self.done
    }
  }

  /// Learns from events who is active, and tells a room's members of those who enter it.
  package func follow(_ events: StreamReader<StoredEvent>) {
    events.onInvalidate { [weak self] batch in self?.note(batch.rows.map(\.row)) }
  }

  /// Takes up what an earlier process has left. To be called before anybody is answered.
  package func restore() async throws {
    let stored = try await store.present(limit: PresenceMachine.userLimit)
    let now = clock.now()
    publish(machine.withLock { $0.restore(stored, at: now) })
  }

  /// Keeps the database in step until the task is cancelled.
  package func run() async {
    await journal.run()
  }

  private static let done = Array("{}".utf8)
  private static let unreadable = OwnerError.unavailable(reason: "the call cannot be read")

  private func take(_ reports: [PresenceReport], from source: String) async throws(OwnerError) {
    // What a user does without being there is noted of those who were.
    let present = reports.filter { $0.kind != .ended && $0.kind != .acted }
    try await recall(present.map(\.userID))
    let now = clock.now()
    publish(
      machine.withLock { machine in
        var changes: PresenceMachine.Changes = [:]
        for report in reports { machine.take(report, from: source, at: now, into: &changes) }
        return changes
      })
  }

  private func set(
    _ user: UserID, _ device: String, to state: PresenceState, status: String?
  ) async throws(OwnerError) {
    try await recall([user])
    guard machine.withLock({ $0.follows(user) }) else {
      throw .unavailable(reason: "too many users are online")
    }
    let now = clock.now()
    publish(
      machine.withLock { machine in
        var changes: PresenceMachine.Changes = [:]
        machine.set(user, device, to: state, status: status, at: now, into: &changes)
        return changes
      })
    guard await journal.flushed() else {
      throw .unavailable(reason: "the presence could not be written to the database")
    }
  }

  private func announce(_ profiles: [UserID: PresenceProfile]) async throws(OwnerError) {
    try await recall(Array(profiles.keys))
    let now = clock.now()
    publish(
      machine.withLock { machine in
        var changes: PresenceMachine.Changes = [:]
        for (user, profile) in profiles {
          machine.announce(profile, of: user, at: now, into: &changes)
        }
        return changes
      })
  }

  /// Looks up those who are not followed yet, all at once.
  private func recall(_ users: [UserID]) async throws(OwnerError) {
    let unknown = machine.withLock { machine in
      Set(users).filter { !machine.follows($0) }
    }
    guard !unknown.isEmpty else { return }
    var stored: [UserID: PresenceRecord]
    do {
      stored = try await store.records(of: Array(unknown))
    } catch {
      throw .unavailable(reason: "the last presence could not be read from the database")
    }
    for user in unknown {
      if let waiting = journal.record(of: user) { stored[user] = waiting }
    }
    let records = stored
    publish(
      machine.withLock { machine in
        var changes: PresenceMachine.Changes = [:]
        for user in unknown { machine.recall(user, records[user], into: &changes) }
        return changes
      })
  }

  private func note(_ events: [StoredEvent]) {
    let now = clock.now()
    var retold: [UserID: PresenceRecord] = [:]
    let changes = machine.withLock { machine in
      var changes: PresenceMachine.Changes = [:]
      for stored in events {
        let sender = stored.event.sender
        guard let record = machine.record(of: sender) else { continue }
        machine.noteActivity(
          of: sender, stored.transaction?.deviceID, isOwn: false, at: now, into: &changes)
        if stored.event.membership == Membership.join,
          stored.previousMembership != Membership.join
        {
          retold[sender] = record
        }
      }
      return changes
    }
    publish(changes)
    let repeated = retold.filter { changes[$0.key] == nil && $0.value.state != .offline }
    values.set(repeated.map { ($0.key.text, $0.value.encoded) }, evenIfEqual: true)
  }

  private func expire() {
    publish(machine.withLock { $0.expire(at: clock.now()) })
  }

  private func publish(_ changes: PresenceMachine.Changes) {
    values.set(changes.map { ($0.key.text, $0.value?.encoded) })
    journal.note(changes.compactMapValues { $0 })
    setAlarm()
  }

  private func setAlarm() {
    alarm.set(for: { machine.withLock { $0.nextDeadline } }, { [weak self] in self?.expire() })
  }
}
