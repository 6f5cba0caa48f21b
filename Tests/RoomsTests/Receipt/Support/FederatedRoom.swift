import EventAuth
import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import StateResolution
import TestKit

@testable import Rooms

/// A room on some servers whose events reach each other late and out of step, made from a seed.
struct FederatedRoom {
  let version: RoomVersion
  let maker: PDUMaker
  /// As each server has it.
  private(set) var servers: [MemoryRoom]
  /// In an order in which each comes after what it builds on and cites.
  private(set) var events: [Event] = []
  private var random: SeededRandom
  /// By server, what it has not got yet.
  private var waiting: [[Event]]

  static let users = ["@u0:a", "@u1:b", "@u2:c", "@u3:b", "@u4:a"]

  /// Whether nobody takes anything away from anybody: then nothing is refused that was allowed.
  private let isCalm: Bool

  init(
    seed: Int, version: RoomVersion, steps: Int, isCalm: Bool = false, servers count: Int = 3
  ) throws {
    self.version = version
    self.isCalm = isCalm
    random = SeededRandom(UInt64(seed))
    maker = PDUMaker(version, creator: Self.users[0])
    servers = Array(repeating: MemoryRoom(version), count: count)
    waiting = Array(repeating: [], count: count)
    try begin()
    while events.count < steps { try step() }
  }

  private mutating func begin() throws {
    try publish(maker.createEvent(), from: 0)
    try send(member(Self.users[0], Self.users[0], Membership.join), from: 0)
    try send(levels([Self.users[1]: 50, Self.users[2]: 100], by: Self.users[0]), from: 0)
    try send(draft(Self.users[0], EventType.joinRules, ["join_rule": "public"]), from: 0)
    for user in Self.users[1...3] { try send(member(user, user, Membership.join), from: 0) }
    for server in servers.indices { try deliver(to: server, count: .max) }
  }

  private mutating func step() throws {
    let server = random.below(servers.count)
    if random.chance(40) {
      try deliver(to: server, count: 1 + random.below(6))
    } else {
      try send(action(on: server), from: server)
    }
  }

  private mutating func action(on server: Int) -> PDUMaker.Draft {
    let sender = random.pick(Self.users)
    let target = random.pick(Self.users)
    switch isCalm ? random.pick([0, 9, 12, 13]) : random.below(14) {
    case 0...1: return member(sender, sender, Membership.join)
    case 2: return member(sender, sender, Membership.leave)
    case 3: return member(sender, target, Membership.ban)
    case 4: return member(sender, target, Membership.leave)
    case 5: return member(sender, target, Membership.invite)
    case 6...7:
      let users = [random.pick(Self.users): random.pick([0, 25, 50, 75, 100] as [Int64])]
      return levels(users, by: sender)
    case 8:
      let rule = random.pick(["public", "invite"])
      return draft(sender, EventType.joinRules, ["join_rule": .string(rule)])
    case 9...11: return draft(sender, EventType.topic, ["topic": .integer(Int64(events.count))])
    default:
      var message = draft(sender, EventType.message, [:])
      message.stateKey = nil
      return message
    }
  }

  private func levels(_ users: [String: Int64], by sender: String) -> PDUMaker.Draft {
    var users = users
    users[Self.users[0]] = version.rules.creatorsArePrivileged ? nil : 100
    return draft(
      sender, EventType.powerLevels, ["users": .object(users.mapValues { .integer($0) })])
  }

  private func member(
    _ sender: String, _ target: String, _ membership: String
  ) -> PDUMaker.Draft {
    var draft = draft(sender, EventType.member, ["membership": .string(membership)])
    draft.stateKey = target
    return draft
  }

  private func draft(_ sender: String, _ type: String, _ content: JSON) -> PDUMaker.Draft {
    PDUMaker.Draft(sender: sender, type: type, stateKey: "", content: content)
  }

  /// Sends an event on what the server has, if that allows it. Some servers do not look, or do
  /// not know what is behind the events that they build on.
  private mutating func send(_ given: PDUMaker.Draft, from server: Int) throws {
    let room = servers[server]
    var draft = given
    draft.previous = room.ends.keys.sorted()
    var state = room.current
    if draft.previous.count > 1, random.chance(20) {
      draft.previous = [random.pick(draft.previous)]
      state = room.events[draft.previous[0]]?.stateAfter ?? state
    }
    draft.depth = (draft.previous.compactMap { room.events[$0]?.event.depth }.max() ?? 0) + 1
    draft.timestamp = 1000 + Int64(events.count) + Int64(random.below(5))
    let event = try maker.make(draft, named: "e\(events.count)") { state[$0] }
    let isAllowed =
      (try? authorise(event, state: state.compactMapValues { room.events[$0]?.event })) != nil
    guard isAllowed || random.chance(5) else { return }
    try publish(event, from: server)
  }

  private mutating func publish(_ event: Event, from server: Int) throws {
    events.append(event)
    try servers[server].receive(event)
    for other in servers.indices where other != server { waiting[other].append(event) }
  }

  private mutating func deliver(to server: Int, count: Int) throws {
    for _ in 0..<min(count, waiting[server].count) {
      try servers[server].receive(waiting[server].removeFirst())
    }
  }

  /// The events in another order in which each comes after what it builds on and cites.
  func shuffled(_ seed: Int) -> [Event] {
    var random = SeededRandom(UInt64(seed))
    var rest = events
    var done: Set<EventID> = []
    var order: [Event] = []
    while !rest.isEmpty {
      let ready = rest.indices.filter { index in
        (rest[index].prevEvents + rest[index].authEvents).allSatisfy { done.contains($0) }
      }
      let event = rest.remove(at: random.pick(ready))
      done.insert(event.eventID)
      order.append(event)
    }
    return order
  }
}
