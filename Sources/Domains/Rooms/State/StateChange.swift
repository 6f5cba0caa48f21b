/// What happens to one place of a room's state. Events go by their numbers, the places (type and
/// state key) by their slots, which the room's writer hands out from 0 on.
package struct StateEdit: Hashable, Sendable {
  /// Stands for no event.
  package static let none: Int64 = 0

  package let slot: Int32
  package let old: Int64
  package let new: Int64

  package init(slot: Int32, old: Int64 = none, new: Int64 = none) {
    self.slot = slot
    self.old = old
    self.new = new
  }
}

/// The difference between two states of a room.
package struct StateChange: Hashable, Sendable {
  /// In the order of their slots, each slot once.
  package let edits: [StateEdit]

  package static let empty = StateChange()

  private init() {
    edits = []
  }

  package init(_ edit: StateEdit) {
    edits = edit.old == edit.new ? [] : [edit]
  }

  /// - Parameter edits: each slot once.
  package init(_ edits: some Sequence<StateEdit>) {
    self.edits = edits.filter { $0.old != $0.new }.sorted { $0.slot < $1.slot }
  }

  /// What some changes, one after the other, come to.
  package init(composing changes: some Sequence<StateChange>) {
    var edits: [Int32: StateEdit] = [:]
    for change in changes {
      for edit in change.edits {
        edits[edit.slot] = StateEdit(
          slot: edit.slot, old: edits[edit.slot]?.old ?? edit.old, new: edit.new)
      }
    }
    self.init(edits.values)
  }

  package var isEmpty: Bool { edits.isEmpty }

  package var inverse: StateChange {
    StateChange(edits.map { StateEdit(slot: $0.slot, old: $0.new, new: $0.old) })
  }
}

/// Which event stands in each slot.
package struct RoomState: Hashable, Sendable {
  /// By slot, without `none` at the end.
  private var events: [Int64] = []

  package init() {}

  /// `StateEdit.none` where there is no event.
  package subscript(slot: Int32) -> Int64 {
    let index = Int(slot)
    return events.indices.contains(index) ? events[index] : StateEdit.none
  }

  package var numbers: [Int64] {
    events.filter { $0 != StateEdit.none }
  }

  package mutating func apply(_ change: StateChange) {
    guard let last = change.edits.last.map({ Int($0.slot) }) else { return }
    if last >= events.count {
      events += repeatElement(StateEdit.none, count: last + 1 - events.count)
    }
    for edit in change.edits { events[Int(edit.slot)] = edit.new }
    while events.last == StateEdit.none { events.removeLast() }
  }

  /// What leads from another state to this one.
  package func change(from other: RoomState) -> StateChange {
    let slots = 0..<Int32(max(events.count, other.events.count))
    return StateChange(slots.map { StateEdit(slot: $0, old: other[$0], new: self[$0]) })
  }
}
