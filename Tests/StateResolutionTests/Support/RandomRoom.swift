import EventAuth
import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import StateResolution
import TestKit

/// A room in which a few users do as they please on several forks, made from a seed.
///
/// A dishonest room also has what faulty and hostile servers bring about: events that cite another
/// fork's state, rejected events in the state, states that hold old events or lack some.
///
/// A quarter of the rooms quarrel about power: long lines of power levels, and not much else.
struct RandomRoom {
  let seed: Int
  let version: RoomVersion
  private(set) var events: [Event] = []
  private(set) var rejected: Set<EventID> = []
  private(set) var states: [StateMap] = []

  private let isHonest: Bool
  private let isAboutPower: Bool
  private let maker: EventMaker
  private var random: SeededRandom
  private var byID: [EventID: Event] = [:]
  private var forks: [StateMap] = []
  private var clock: Int64 = 10

  private static let users = ["@u0:a", "@u1:b", "@u2:a", "@u3:b", "@u4:a"]
  private static let levels: [Int64] = [0, 25, 50, 50, 75, 100]
  /// Profile changes, power levels and topics.
  private static let powerActions = [0, 9, 10, 11, 14]
  private static let joinRules = ["public", "public", "invite", "knock", "restricted"]

  init(seed: Int, version: RoomVersion, isHonest: Bool) throws {
    self.seed = seed
    self.version = version
    self.isHonest = isHonest
    random = SeededRandom(UInt64(seed))
    let create = Self.newID(version, &random)
    isAboutPower = random.chance(25)
    maker = EventMaker(version, create: create)
    forks = [[:]]
    try begin(create)
    for _ in 0..<3 + random.below(isAboutPower ? 30 : 15) { try step() }
    if !isHonest { distort() }
    states = forks.count > 1 ? forks : [forks[0], forks[0]]
    if random.chance(10) { states.append(random.pick(states)) }
  }

  func input(_ algorithm: StateResolutionAlgorithm) -> ResolutionInput {
    ResolutionInput(events: events, rejected: rejected, version: version, algorithm: algorithm)
  }

  private static func newID(_ version: RoomVersion, _ random: inout SeededRandom) -> String {
    let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")
    let text = "$" + String((0..<12).map { _ in random.pick(letters) })
    return version.rules.eventIDs == .stated ? text + ":a" : text
  }

  // MARK: Actions

  private mutating func begin(_ create: String) throws {
    let creator = Self.users[0]
    try send(
      EventMaker.Draft(
        id: create, sender: creator, type: EventType.create, stateKey: "",
        content: createContent(version, creator: creator)), to: 0)
    try send(member(creator, creator, Membership.join), to: 0)
    try send(levelsDraft(creator, [Self.users[1]: 50, Self.users[2]: 100]), to: 0)
    try send(draft(creator, EventType.joinRules, "", ["join_rule": "public"]), to: 0)
    for user in Self.users[1...3] where random.chance(80) {
      try send(member(user, user, Membership.join), to: 0)
    }
  }

  private mutating func step() throws {
    let fork = random.below(forks.count)
    if forks.count < 2 || forks.count < 4 && random.chance(15) {
      forks.append(forks[fork])
    } else if random.chance(6) {
      // What happens on a fork after it met another one.
      let other = random.pick(forks)
      let input = input(version.rules.stateResolution)
      forks[fork] = try input.resolve([forks[fork], other])
    } else {
      try send(action(in: forks[fork]), to: fork)
    }
  }

  private mutating func action(in state: StateMap) -> EventMaker.Draft {
    let sender = random.pick(Self.users)
    let target = random.pick(Self.users)
    switch isAboutPower ? random.pick(Self.powerActions) : random.below(16) {
    case 0...1: return member(sender, sender, Membership.join)
    case 2: return member(sender, sender, Membership.leave)
    case 3: return member(sender, target, Membership.invite)
    case 4...5: return member(sender, target, Membership.leave)
    case 6...7: return member(sender, target, Membership.ban)
    case 8: return member(sender, sender, Membership.knock)
    case 9...11: return levelsDraft(sender, currentLevels(in: state))
    case 12:
      return draft(
        sender, EventType.joinRules, "", ["join_rule": .string(random.pick(Self.joinRules))])
    case 13:
      // The latter decide nothing.
      let type = random.pick([EventType.name, EventType.joinRules, EventType.powerLevels])
      return draft(sender, type, type == EventType.name ? "" : "other", [:])
    default: return draft(sender, EventType.topic, "", [:])
    }
  }

  private func currentLevels(in state: StateMap) -> [String: Int64] {
    let users = state[.powerLevels].flatMap { byID[$0] }?.content["users"]
    var levels: [String: Int64] = [:]
    if let users {
      for (user, level) in users.members { levels[user] = level.integer ?? 0 }
    }
    return levels
  }

  private mutating func levelsDraft(
    _ sender: String, _ users: [String: Int64]
  ) -> EventMaker.Draft {
    var users = users
    if !users.isEmpty, users[Self.users[0]] != nil || random.chance(90) {
      users[random.pick(Array(Self.users[1...]))] = random.pick(Self.levels)
    }
    if version.rules.creatorsArePrivileged {
      users[Self.users[0]] = nil
    } else if users[Self.users[0]] == nil {
      users[Self.users[0]] = 100
    }
    var content: JSON = ["users": .object(users.mapValues { .integer($0) })]
    if random.chance(20) {
      let name = random.pick(["state_default", "ban", "kick", "invite", "users_default"])
      content[name] = .integer(random.pick(Self.levels))
    }
    return draft(sender, EventType.powerLevels, "", content)
  }

  private mutating func member(
    _ sender: String, _ target: String, _ membership: String
  ) -> EventMaker.Draft {
    var content: JSON = ["membership": .string(membership)]
    if membership == Membership.join, random.chance(25) {
      content["join_authorised_via_users_server"] = .string(random.pick(Self.users))
    }
    return draft(sender, EventType.member, target, content)
  }

  private mutating func draft(
    _ sender: String, _ type: String, _ stateKey: String, _ content: JSON
  ) -> EventMaker.Draft {
    EventMaker.Draft(
      id: Self.newID(version, &random), sender: sender, type: type, stateKey: stateKey,
      content: content)
  }

  // MARK: Sending

  private mutating func send(_ given: EventMaker.Draft, to fork: Int) throws {
    clock += Int64(random.below(3))
    var draft = given
    // Clocks and depths that are off, and often the same.
    draft.timestamp = clock + Int64(random.chance(30) ? random.below(12) : 0)
    draft.depth = Int64(events.count / 2 + random.below(3))
    if let first = events.first {
      let creatorsJoin = events.count == 1
      draft.previous = [creatorsJoin ? first.eventID : events[events.count - 1].eventID]
    }
    let cited = isHonest || random.chance(92) ? forks[fork] : random.pick(forks)
    draft.cited = try maker.cited(draft) { cited[$0] }
    let event = try maker.make(draft)
    let state = LookedUpState(ids: forks[fork], events: byID)
    let isAllowed = (try? authorise(event, state: state)) != nil
    guard isAllowed || !isHonest && random.chance(12) else { return }
    events.append(event)
    byID[event.eventID] = event
    if !isAllowed, random.chance(50) { rejected.insert(event.eventID) }
    if let key = event.stateTuple { forks[fork][key] = event.eventID }
  }

  /// What a state that came from another server may look like.
  private mutating func distort() {
    for fork in forks.indices where random.chance(40) {
      for _ in 0...random.below(3) {
        let event = random.pick(events)
        guard let key = event.stateTuple, key != .create || random.chance(5) else { continue }
        forks[fork][key] = random.chance(15) ? nil : event.eventID
      }
    }
    for event in events where random.chance(4) && event.type != EventType.create {
      rejected.insert(event.eventID)
    }
  }
}
