import MatrixIdentifiers
import MatrixJSON
import TestKit

@testable import PushRules

/// A story of rooms, users and their receipts, and the counts that a scan over all events gives.
struct NaiveStory {
  struct Told {
    let event: EvaluatedEvent
    /// What each member got.
    let outcomes: [UserID: PushCount]
  }

  let rooms = ["!a:test", "!b:test"].compactMap { RoomID($0) }
  let users = ["@alice:test", "@bob:test", "@carol:test", "@dave:test"].compactMap { UserID($0) }
  let roots = ["$root1", "$root2", "$root3"].compactMap { EventID($0) }
  private(set) var told: [Told] = []
  private(set) var receipts: [UserID: [ReadPosition]] = [:]
  private var members: [RoomID: Set<UserID>] = [:]
  private var apart: [RoomID: Set<UserID>] = [:]
  private var ordering: Int64 = 0
  var random: SeededRandom

  init(seed: Int) {
    random = SeededRandom(UInt64(seed))
  }

  func isMember(_ user: UserID, _ room: RoomID) -> Bool {
    members[room]?.contains(user) == true
  }

  /// The next event of some room, and who left with it.
  mutating func next() -> (event: EvaluatedEvent, departed: UserID?) {
    ordering += Int64(1 + random.below(3))
    let room = random.pick(rooms)
    let user = random.pick(users)
    guard isMember(user, room) else { return (join(user, room), nil) }
    if random.chance(4) {
      members[room]?.remove(user)
      let event = EvaluatedEvent(
        room: room, streamOrdering: ordering, push: EventPush(), reader: nil)
      told.append(Told(event: event, outcomes: [:]))
      return (event, user)
    }
    // Some senders are remote.
    return (message(in: room, from: random.chance(30) ? nil : user), nil)
  }

  private mutating func join(_ user: UserID, _ room: RoomID) -> EvaluatedEvent {
    members[room, default: []].insert(user)
    let event = EvaluatedEvent(
      room: room, streamOrdering: ordering, push: EventPush(joined: user), reader: nil)
    told.append(Told(event: event, outcomes: [:]))
    return event
  }

  private mutating func message(in room: RoomID, from sender: UserID?) -> EvaluatedEvent {
    var push = EventPush(thread: random.chance(30) ? random.pick(roots) : nil)
    // Member events do not count as having read; nor do they notify by the predefined rules.
    let isMemberEvent = sender != nil && random.chance(20)
    if !isMemberEvent, random.chance(75) { push.shared = random.chance(10) ? Self.loud : .notify }
    var outcomes: [UserID: PushCount] = [:]
    for user in users where user != sender && isMember(user, room) {
      if random.chance(10) {
        let isApart = apart[room]?.contains(user) == true
        if isApart { apart[room]?.remove(user) } else { apart[room, default: []].insert(user) }
        push.turns.append(.init(user: user, follows: isApart))
      }
      let follows = apart[room]?.contains(user) != true
      var actions = follows ? push.shared : nil
      if random.chance(25) {
        let other = random.pick([nil, .notify, Self.loud])
        if other != actions {
          push.differences.append(.init(user: user, actions: other, follows: follows))
          actions = other
        }
      }
      outcomes[user] = PushCount(actions)
    }
    let event = EvaluatedEvent(
      room: room, streamOrdering: ordering, push: push, reader: isMemberEvent ? nil : sender)
    told.append(Told(event: event, outcomes: outcomes))
    return event
  }

  private static let loud = PushActionList(["notify", ["set_tweak": "highlight"]])

  /// A receipt of some user for some event that was told.
  mutating func receipt() -> (user: UserID, position: ReadPosition)? {
    guard !told.isEmpty else { return nil }
    let user = random.pick(users)
    let recent = random.chance(60) ? Array(told.suffix(5)) : told
    let event = random.pick(recent).event
    let thread = random.pick(
      [nil, PushActions.mainThread, event.push.thread?.text ?? PushActions.mainThread])
    let position = ReadPosition(
      room: event.room, thread: thread, streamOrdering: event.streamOrdering)
    receipts[user, default: []].append(position)
    return (user, position)
  }

  /// The user's counts by the specification: what notified since the join and after the receipt,
  /// where sending an event is a receipt too.
  func counts(of user: UserID, in room: RoomID) -> [String: PushCount] {
    var whole: Int64 = 0
    var threads: [String: Int64] = [:]
    func read(_ thread: String?, _ place: Int64) {
      if let thread {
        threads[thread] = max(threads[thread] ?? 0, place)
      } else {
        whole = max(whole, place)
      }
    }
    for position in receipts[user] ?? [] where position.room == room {
      read(position.thread, position.streamOrdering)
    }
    for told in told where told.event.room == room {
      if told.event.push.joined == user { read(nil, told.event.streamOrdering) }
      if told.event.reader == user {
        read(told.event.push.thread?.text ?? PushActions.mainThread, told.event.streamOrdering)
      }
    }
    var counts: [String: PushCount] = [:]
    for told in told where told.event.room == room {
      let thread = told.event.push.thread?.text ?? PushActions.mainThread
      guard told.event.streamOrdering > max(whole, threads[thread] ?? 0) else { continue }
      counts[thread] = (counts[thread] ?? PushCount()) + (told.outcomes[user] ?? PushCount())
    }
    return counts.filter { !$0.value.isZero }
  }
}
