import EventAuth
import MatrixIdentifiers
import Postgres
import PushRules
import RoomEvents

extension InboundRoom {
  /// Writes the event with the state after it, not yet what it changes in the room.
  mutating func store(_ plan: InboundPlan, _ turn: inout InboundTurn) async throws {
    guard turn.row == nil else { return }
    if !isStored { try await storeRoom(plan) }
    let before = turn.state
    let edit = try await edit(plan, before: before.difference)
    if let edit, plan.stateBefore != nil {
      turn.after = try await states.append(edit, to: before.snapshot, &head, numbers: &numbers)
    } else {
      turn.after = plan.stateBefore == nil ? nil : before.snapshot
    }
    var row = InboundWrites.Row(
      number: plan.number, event: plan.event, standing: plan.standing,
      previous: plan.previous.compactMap { turn.known.events[$0]?.number },
      node: node(plan), snapshot: turn.after)
    if plan.standing == .accepted, let edit, edit.old != StateEdit.none {
      row.replaces = edit.old
      let replaced = try await store.events([edit.old])[edit.old]
      row.replaced = replaced.map { ReplacedState.members($0) } ?? []
    }
    let redactions = try await applyRedactions(to: &row, plan)
    _ = try await store.database.queryAll(writes.eventQueries(row, plan) + redactions)
    turn.row = row
    // Its place in a chain may be that which a node in memory takes for free.
    if row.node?.position != nil { head.graph.forgetNodes() }
  }

  private mutating func storeRoom(_ plan: InboundPlan) async throws {
    _ = try await store.database.queryAll([
      writes.roomQuery(head, creator: plan.event.sender, now: now)
    ])
    isStored = true
  }

  /// What the event changes in the state before it; nil when it is no state or counts for nothing.
  private mutating func edit(
    _ plan: InboundPlan, before: StateDifference
  ) async throws -> StateEdit? {
    guard let key = plan.event.stateTuple, !plan.standing.isRejected, plan.stateBefore != nil
    else { return nil }
    try await keepSlots(of: [key])
    let old = before.entry(key, current: head.state[key]?.number)
    return StateEdit(slot: head.slot(of: key), old: old ?? StateEdit.none, new: plan.number)
  }

  private func node(_ plan: InboundPlan) -> ChainNode? {
    guard let key = plan.event.stateTuple, !plan.standing.isRejected else { return nil }
    return ChainNode(number: plan.number, key: key, citing: plan.cited)
  }

  /// Does what is left when the event is stored.
  mutating func finish(_ plan: InboundPlan, _ turn: inout InboundTurn) async throws {
    let isMeeting = plan.ends.map { !$0.others.isEmpty || !$0.isEnd } ?? true
    try await store(plan, &turn)
    guard let row = turn.row else { return }
    var queries: [Query] = []
    let position = plan.number > 0 ? plan.number : numbers.popFirst() ?? 0
    if let ends = plan.ends {
      let snapshot = isMeeting ? turn.state.snapshot : turn.after
      queries += try await change(ends, plan.event, plan.number, at: position)
      try await states.move(&head, to: snapshot)
      queries.append(writes.headQuery(head))
    }
    if plan.kind == .live, plan.standing == .accepted, head.stateSnapshot != turn.after {
      queries.append(writes.roomStateQuery(plan.number, head.stateSnapshot))
    }
    if !queries.isEmpty { _ = try await store.database.queryAll(queries) }
    // What was known as an outlier keeps its number, so that it has no place in the stream.
    let isTold = plan.kind == .live && row.standing == .accepted && plan.number > 0
    let followed = isTold ? StateDifference().after(plan.event, number: plan.number) : [:]
    if plan.ends?.change ?? [:] != followed { noteMeeting() }
    guard isTold else { return }
    tell(
      InboundNews(
        event: row.event, position: position, replaced: row.replaced,
        redactedBy: row.redactedBy, unsigned: row.unsigned ?? [], push: try await evaluate(row)))
  }

  private func evaluate(_ row: InboundWrites.Row) async throws -> EvaluatedEvent? {
    guard let push else { return nil }
    let places: [StateTuple] = [.powerLevels, .create]
    let numbers = places.compactMap { head.state[$0] }.filter { $0.event == nil }.map(\.number)
    let loaded = try await store.events(numbers)
    func current(_ key: StateTuple) -> Event? {
      head.event(key) ?? head.state[key].flatMap { loaded[$0.number] }
    }
    return push.evaluate(
      row.event, at: row.number,
      PowerLevels(event: current(.powerLevels), create: current(.create)),
      previousMembership: row.event.type == EventType.member
        ? ReplacedState.membership(row.replaced) : nil)
  }
}
