import Postgres
import RoomEvents

/// The slots of a room's state, as a writer begins with them.
struct StoredSlots {
  private(set) var current: [StateTuple: StateEntry] = [:]
  private(set) var vacant: [StateTuple: Int32] = [:]
  /// Greater than all slots.
  private(set) var next: Int32 = 0

  /// By the rooms' numbers.
  /// - Parameter rows: of (room, slot, event, type as it is stored, state key).
  static func byRoom(_ rows: Rows) -> [Int64: StoredSlots] {
    var rooms: [Int64: StoredSlots] = [:]
    for row in 0..<rows.count {
      guard let room = rows.int(row, 0), let slot = rows.int(row, 1).flatMap(Int32.init(exactly:)),
        let stateKey = rows.text(row, 4)
      else { continue }
      let type = rows.text(row, 3) ?? EventType.member
      rooms[room, default: StoredSlots()].add(
        StateTuple(type, stateKey), slot: slot, event: rows.int(row, 2))
    }
    return rooms
  }

  private mutating func add(_ key: StateTuple, slot: Int32, event: Int64?) {
    if let event {
      current[key] = StateEntry(slot: slot, number: event)
    } else {
      vacant[key] = slot
    }
    next = max(next, slot + 1)
  }
}
