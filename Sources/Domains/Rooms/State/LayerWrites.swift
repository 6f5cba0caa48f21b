/// What changes in the stored layers of a room.
package struct LayerWrites: Sendable {
  /// In the order of their numbers.
  package private(set) var inserted: [StateLayer] = []
  /// To layers that are stored already.
  package private(set) var appended: [Int64: [StateChange]] = [:]

  mutating func insert(_ layer: StateLayer) {
    inserted.append(layer)
  }

  mutating func append(_ change: StateChange, to layer: Int64) {
    if let index = inserted.lastIndex(where: { $0.id == layer }) {
      inserted[index].append(change)
    } else {
      appended[layer, default: []].append(change)
    }
  }
}
