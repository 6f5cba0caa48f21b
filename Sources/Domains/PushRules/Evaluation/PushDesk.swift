package import EventAuth
package import MatrixIdentifiers
import MatrixJSON
package import Postgres
package import RoomEvents
import Synchronization

/// Evaluates the events of the rooms that this process owns, each once, when it is written.
///
/// What is needed is loaded by `prepare`; `evaluate` then neither waits nor asks anybody. Events
/// are evaluated in the order in which they take effect; when a commit fails, `forget` drops what
/// may not have come about.
package final class PushDesk: Sendable {
  /// Members over all audiences.
  static let memberLimit = 500_000

  private struct State {
    var audiences: [RoomID: RoomAudience] = [:]
    var uses: [RoomID: UInt64] = [:]
    var useCount: UInt64 = 0
    var threads = ThreadCache()
    /// Of the batch that was prepared last.
    var outsiders: [RoomID: [UserID: PushOutsider]] = [:]
    var ignoring: [UserID: Set<UserID>] = [:]
  }

  private let serverName: ServerName
  private let facts: any PushFacts
  private let ignored: any IgnoredUsers
  private let rulesets: RulesetCache
  private let turns: PushTurnStore
  private let state = Mutex(State())

  package init(
    serverName: ServerName, facts: any PushFacts, ignored: any IgnoredUsers,
    rulesets: RulesetCache, database: any Querying
  ) {
    self.serverName = serverName
    self.facts = facts
    self.ignored = ignored
    self.rulesets = rulesets
    turns = PushTurnStore(database: database)
  }

  /// Loads what evaluating these events takes: nothing in the usual case that their rooms are in
  /// memory.
  package func prepare(_ needs: [PushNeeds]) async throws {
    try await loadAudiences(needs)
    try await refreshRules(of: Set(needs.map(\.room)))
    try await loadOutsiders(needs)
    try await loadThreads(needs)
    let ignoring = try await ignored.ignoring(Set(needs.map(\.sender)))
    state.withLock { $0.ignoring = ignoring }
  }

  /// - Parameters:
  ///   - ordering: the event's place in the stream.
  ///   - previousMembership: what a member event changes.
  package func evaluate(
    _ event: Event, at ordering: Int64, _ powerLevels: PowerLevels, previousMembership: String?
  ) -> EvaluatedEvent {
    guard event.isTold else {
      return EvaluatedEvent(
        room: event.roomID, streamOrdering: ordering, push: EventPush(), reader: nil)
    }
    let push = state.withLock { state in
      let thread = Self.thread(of: event, &state)
      let outsiders = state.outsiders[event.roomID] ?? [:]
      let ignoring = state.ignoring[event.sender] ?? []
      state.useCount += 1
      state.uses[event.roomID] = state.useCount
      // Taken out, so that it is changed in place.
      guard var audience = state.audiences.removeValue(forKey: event.roomID) else {
        return EventPush(thread: thread.root)
      }
      let context = PushContext(memberCount: audience.memberCount, powerLevels: powerLevels)
      var push = audience.evaluate(event, context, ignoring: ignoring, outsiders: outsiders)
      push.joined = audience.apply(
        event, previousMembership: previousMembership, outsiders: outsiders)
      push.thread = thread.root
      state.audiences[event.roomID] = audience
      return push
    }
    let isReader = event.sender.isOn(serverName) && EvaluatedEvent.readsBySending(event.type)
    return EvaluatedEvent(
      room: event.roomID, streamOrdering: ordering, push: push,
      reader: isReader ? event.sender : nil)
  }

  /// Drops what is known of rooms.
  package func forget(_ rooms: Set<RoomID>) {
    state.withLock { state in
      for room in rooms {
        state.audiences[room] = nil
        state.uses[room] = nil
      }
    }
  }

  private static func thread(of event: Event, _ state: inout State) -> ThreadCache.Thread {
    let thread = state.threads.thread(EventRelation(content: event.content)) ?? .main
    state.threads.insert(thread, for: event.eventID)
    return thread
  }
}

// Loading.
extension PushDesk {
  private func loadAudiences(_ needs: [PushNeeds]) async throws {
    let asOf = rulesets.changeCount
    let missing = state.withLock { state in
      for need in needs where need.isNew && state.audiences[need.room] == nil {
        state.audiences[need.room] = RoomAudience(need.room, memberCount: 0, rulesAsOf: asOf)
      }
      return Set(needs.map(\.room)).filter { state.audiences[$0] == nil }
    }
    guard !missing.isEmpty else { return }
    let members = try await facts.members(of: Array(missing))
    let users = Set(members.values.flatMap(\.local).map(\.userID))
    let rules = try await rulesets.rules(of: Array(users))
    let apart = try await turns.apart(in: Array(missing))
    var loaded: [RoomAudience] = []
    for room in missing {
      var audience = RoomAudience(
        room, memberCount: members[room]?.count ?? 0, apart: apart[room] ?? [], rulesAsOf: asOf)
      for member in members[room]?.local ?? [] {
        audience.insert(
          member.userID, displayName: member.displayName, rules: rules[member.userID])
      }
      loaded.append(audience)
    }
    state.withLock { state in
      Self.makeRoom(for: users.count, in: &state, keeping: Set(needs.map(\.room)))
      for (room, audience) in zip(missing, loaded) { state.audiences[room] = audience }
    }
  }

  /// Lets go of the audiences used longest ago.
  private static func makeRoom(for added: Int, in state: inout State, keeping kept: Set<RoomID>) {
    var count = state.audiences.values.reduce(added) { $0 + $1.count }
    guard count > memberLimit else { return }
    for (room, _) in state.uses.sorted(by: { $0.value < $1.value }) where !kept.contains(room) {
      guard count > memberLimit * 4 / 5 else { return }
      count -= state.audiences.removeValue(forKey: room)?.count ?? 0
      state.uses[room] = nil
    }
  }

  /// Takes over the rules that changed since the audiences were loaded.
  private func refreshRules(of rooms: Set<RoomID>) async throws {
    let asOf = rulesets.changeCount
    let stale = state.withLock { state in
      rooms.filter { state.audiences[$0].map { $0.rulesAsOf < asOf } ?? false }
    }
    guard !stale.isEmpty else { return }
    var changed: [RoomID: [UserID]] = [:]
    state.withLock { state in
      for room in stale {
        guard let audience = state.audiences[room] else { continue }
        let users = rulesets.changed(since: audience.rulesAsOf) ?? audience.users
        changed[room] = users.filter(audience.contains)
      }
    }
    let rules = try await rulesets.rules(of: Array(Set(changed.values.joined())))
    state.withLock { state in
      for (room, users) in changed {
        for user in users { state.audiences[room]?.setRules(rules[user], of: user) }
        state.audiences[room]?.rulesAsOf = asOf
      }
    }
  }

  private func loadOutsiders(_ needs: [PushNeeds]) async throws {
    let wanted = state.withLock { state in
      needs.compactMap { need -> (room: RoomID, user: UserID)? in
        guard let user = need.target, user.isOn(serverName),
          state.audiences[need.room]?.contains(user) != true
        else { return nil }
        return (need.room, user)
      }
    }
    var outsiders: [RoomID: [UserID: PushOutsider]] = [:]
    if !wanted.isEmpty {
      let rules = try await rulesets.rules(of: Array(Set(wanted.map(\.user))))
      let apart = try await turns.apart(in: Array(Set(wanted.map(\.room))))
      for (room, user) in wanted {
        outsiders[room, default: [:]][user] = PushOutsider(
          rules: rules[user], follows: apart[room]?.contains(user) != true)
      }
    }
    state.withLock { $0.outsiders = outsiders }
  }

  /// Finds the threads of events that are related to, all of them one step further at a time.
  private func loadThreads(_ needs: [PushNeeds]) async throws {
    let targets = Set(needs.compactMap(\.relation).filter { !$0.isThread }.map(\.target))
    var open = state.withLock { state in
      targets.filter { state.threads[$0] == nil }.map { (target: $0, at: $0) }
    }
    var hops = 0
    while !open.isEmpty {
      hops += 1
      let contents = try await facts.contents(of: Array(Set(open.map(\.at))))
      state.withLock { state in
        open = open.compactMap { target, at in
          let relation = contents[at].flatMap { try? JSONDocument($0).root }
            .flatMap { EventRelation(content: $0) }
          let thread = state.threads.thread(relation)
          if thread == nil, hops < EventRelation.hopLimit, let relation {
            return (target, relation.target)
          }
          state.threads.insert(thread ?? .main, for: target)
          return nil
        }
      }
    }
  }
}
