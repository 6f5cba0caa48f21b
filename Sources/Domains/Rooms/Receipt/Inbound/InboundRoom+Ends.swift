import MatrixIdentifiers
import Postgres
import RoomEvents

extension InboundRoom {
  /// Moves the room on: its ends, and what is current state.
  /// - Parameters:
  ///   - number: the event's.
  ///   - position: where in the stream that happens.
  func changes(
    _ ends: RoomEnds, number: Int64, at position: Int64, _ events: [Int64: Event]
  ) -> (slots: [SlotRow], members: [MemberChange], removed: [String]) {
    var slots: [SlotRow] = []
    var members: [MemberChange] = []
    var removed: [String] = []
    for (key, next) in ends.change {
      guard let slot = head.state[key]?.slot ?? head.cursor.keptSlot(of: key) else { continue }
      let event = next.flatMap { events[$0] }
      slots.append(
        SlotRow(
          room: head.cursor.room, slot: slot, key: key, event: next,
          changedAt: next == position ? nil : position,
          history: AccessHistory.entry(key, event, at: position)))
      guard key.type == EventType.member else { continue }
      if let event, let change = MemberChange(event, at: position) { members.append(change) }
      if next == nil { removed.append(key.stateKey) }
    }
    return (slots, members, removed)
  }

  mutating func change(
    _ ends: RoomEnds, _ event: Event, _ number: Int64, at position: Int64
  ) async throws -> [Query] {
    // Others are looked at when something needs them.
    let wanted = ends.change.filter { AccessHistory.isDecidedBy($0.key) }.compactMap(\.value)
    var events = try await store.events(wanted.filter { $0 != number })
    events[number] = event
    let (slots, members, removed) = changes(ends, number: number, at: position, events)
    var queries: [Query] = slots.isEmpty ? [] : [SlotRow.query(slots)]
    if !members.isEmpty { queries.append(MemberChange.query(members, writer: writes.writer)) }
    if !removed.isEmpty { queries.append(writes.removalQuery(members: removed)) }
    for slot in slots {
      let entry = slot.event.map {
        StateEntry(slot: slot.slot, number: $0, event: events[$0])
      }
      if entry == nil { head.cursor.vacate(slot.slot, of: slot.key) }
      head.replace(slot.key, with: entry)
      head.graph.forgetNode(slot.key)
    }
    moveEnds(ends, event, number)
    return queries
  }

  private mutating func moveEnds(_ ends: RoomEnds, _ event: Event, _ number: Int64) {
    var numbers = ends.others
    head.forwardExtremities.removeAll { ends.others[$0] == nil }
    if ends.isEnd {
      head.forwardExtremities.append(event.eventID)
      numbers[event.eventID] = number
    }
    head.extremityHashes = head.extremityHashes.filter { numbers[$0.key] != nil }
    head.noteExtremity(event)
    head.graph.setExtremities(numbers)
    head.depth = ends.depth
  }
}
