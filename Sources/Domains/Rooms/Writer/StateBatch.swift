import MatrixIdentifiers
import Postgres
import RoomEvents

/// The state events among a commit's events: the states they lead to, what is current after them
/// and who is in which room.
struct StateBatch {
  private struct Place: Hashable {
    let room: Int64
    let slot: Int32
  }

  private typealias Row = (placed: PlacedEvent, edit: StateEdit, stateKey: String)

  /// The last of each place: one statement may not touch a row twice.
  private let current: [Row]
  /// Of all events of a place.
  private var histories: [Place: [UInt8]] = [:]
  private let layers: [(room: Int64, writes: LayerWrites)]

  init(_ events: [PlacedEvent], layers: [(room: Int64, writes: LayerWrites)]) {
    self.layers = layers
    var latest: [Place: Row] = [:]
    for placed in events {
      let event = placed.planned.event
      guard let edit = placed.planned.edit, let stateKey = event.stateKey else { continue }
      let place = Place(room: placed.room, slot: edit.slot)
      latest[place] = (placed, edit, stateKey)
      if placed.planned.changesAccess {
        histories[place, default: []] += AccessHistory.entry(event, at: placed.ordering)
      }
    }
    current = Array(latest.values)
  }

  func queries(writer: Int32) -> [Query] {
    guard !current.isEmpty else { return [] }
    let slots = current.map { row in
      SlotRow(
        room: row.placed.room, slot: row.edit.slot,
        key: StateTuple(row.placed.planned.event.type, row.stateKey), event: row.edit.new,
        history: histories[Place(room: row.placed.room, slot: row.edit.slot)])
    }
    let members = current.compactMap { row in
      MemberChange(row.placed.planned.event, at: row.placed.ordering)
    }
    let queries = LayerStore.queries(layers) + [SlotRow.query(slots)]
    return members.isEmpty ? queries : queries + [MemberChange.query(members, writer: writer)]
  }
}
