package import Executors
import MatrixIdentifiers
import MatrixJSON
import RoomEvents
package import Rooms
package import Streams
import Synchronization

/// The writer of the typing stream: nothing of it is stored.
package final class TypingOwner: Sendable {
  static let set = "set"

  private let values: LatestValues
  private let clock: any WallClock
  private let machine = Mutex(TypingMachine())
  private let alarm: Alarm

  package init(values: LatestValues, executor: LoopExecutor, clock: any WallClock) {
    self.values = values
    self.clock = clock
    alarm = Alarm(executor: executor, clock: clock)
  }

  package func register(in owner: LocalOwner) {
    values.register(in: owner)
    owner.register(.typing, Self.set) { body throws(OwnerError) in
      guard let json = try? JSONDocument(body).root,
        let user = json["user"]?.string.flatMap({ UserID($0) }),
        let room = json["room"]?.string.flatMap({ RoomID($0) })
      else { throw .unavailable(reason: "the call cannot be read") }
      self.set(user, in: room, for: json["timeout"]?.integer)
      return Array("{}".utf8)
    }
  }

  /// Who leaves a room does not type there any more.
  package func follow(_ events: StreamReader<StoredEvent>) {
    events.onInvalidate { [weak self] batch in
      for stored in batch.rows.map(\.row) { self?.note(stored) }
    }
  }

  private func note(_ stored: StoredEvent) {
    guard let membership = stored.event.membership, membership != Membership.join,
      let user = stored.event.stateKey.flatMap({ UserID($0) })
    else { return }
    set(user, in: stored.event.roomID, for: nil)
  }

  /// - Parameter timeout: milliseconds; nil when the user has stopped.
  func set(_ user: UserID, in room: RoomID, for timeout: Int64?) {
    let deadline = timeout.map { clock.now() + $0 }
    if let users = machine.withLock({ $0.set(user, in: room, until: deadline) }) {
      tell(users, in: room)
    }
    setAlarm()
  }

  private func expire() {
    for (room, users) in machine.withLock({ $0.expire(at: clock.now()) }) {
      tell(users, in: room)
    }
    setAlarm()
  }

  private func setAlarm() {
    alarm.set(for: { machine.withLock { $0.nextDeadline } }, { [weak self] in self?.expire() })
  }

  private func tell(_ users: [UserID], in room: RoomID) {
    let value = JSON.array(users.map { .string($0.text) }).bytes
    values.set(room.text, to: users.isEmpty ? nil : value)
  }
}
