/// Layers of one room, as far as they were loaded, and what can be told from them.
package struct SnapshotTree: Sendable {
  private(set) var layers: [Int64: StateLayer]

  package init(_ layers: some Sequence<StateLayer> = []) {
    self.layers = Dictionary(layers.lazy.map { ($0.id, $0) }) { _, last in last }
  }

  package func layer(_ id: Int64) -> StateLayer? {
    layers[id]
  }

  package mutating func insert(_ layer: StateLayer) {
    layers[layer.id] = layer
  }

  package mutating func append(_ change: StateChange, to layer: Int64) {
    layers[layer]?.append(change)
  }

  /// The state and those under it on which it is built, a layer each, down to the first.
  package func chain(
    from snapshot: SnapshotID?
  ) throws(StateStorageError) -> [SnapshotID] {
    var chain: [SnapshotID] = []
    var next = snapshot
    while let current = next {
      guard let layer = layers[current.layer] else { throw .missingLayer(current.layer) }
      // What grows downwards would never end.
      guard current.index < layer.changes.count, layer.id < chain.last?.layer ?? .max else {
        throw .damagedLayer(layer.id)
      }
      chain.append(current)
      next = layer.parent
    }
    return chain
  }

  package func state(at snapshot: SnapshotID?) throws(StateStorageError) -> RoomState {
    var state = RoomState()
    for part in try chain(from: snapshot).reversed() {
      for change in changes(of: part) { state.apply(change) }
    }
    return state
  }

  /// The state before an event, which differs from that after it only if the event is state.
  package func snapshot(before number: Int64, leadingTo after: SnapshotID?) -> SnapshotID? {
    guard let after, let layer = layers[after.layer], layer.changes.indices.contains(after.index),
      layer.changes[after.index].edits.count == 1,
      layer.changes[after.index].edits[0].new == number
    else { return after }
    return after.index > 0
      ? SnapshotID(layer: after.layer, index: after.index - 1) : layer.parent
  }

  /// The event in one slot, without putting the state together.
  package func event(
    in slot: Int32, at snapshot: SnapshotID?
  ) throws(StateStorageError) -> Int64 {
    for part in try chain(from: snapshot) {
      for change in changes(of: part).reversed() {
        if let edit = change.edits.first(in: slot) { return edit.new }
      }
    }
    return StateEdit.none
  }

  /// The changes since the state under the layer.
  func changes(of part: SnapshotID) -> ArraySlice<StateChange> {
    layers[part.layer]?.changes.prefix(part.index + 1) ?? []
  }

  package func hash(
    at snapshot: SnapshotID?, _ salt: StateSalt
  ) throws(StateStorageError) -> StateHash {
    guard let snapshot else { return .empty }
    guard let layer = layers[snapshot.layer] else { throw .missingLayer(snapshot.layer) }
    return layer.hash(at: snapshot.index, salt)
  }

  /// What leads from one state to another. It is read from what lies above the last state that
  /// both are built on.
  package func change(
    from source: SnapshotID?, to target: SnapshotID?
  ) throws(StateStorageError) -> StateChange {
    let (left, right) = (try chain(from: source), try chain(from: target))
    let shared = Dictionary(
      uniqueKeysWithValues: right.lazy.map { ($0.layer, $0.index) })
    let fork = left.first { shared[$0.layer] != nil }
    let index = fork.map { min($0.index, shared[$0.layer] ?? 0) } ?? -1
    let back = changes(of: left, above: fork?.layer, index)
    let forth = changes(of: right, above: fork?.layer, index)
    return StateChange(composing: back.reversed().map(\.inverse) + forth)
  }

  /// The changes of a chain, the oldest first, from after one of a layer's on.
  private func changes(
    of chain: [SnapshotID], above layer: Int64?, _ index: Int
  ) -> [StateChange] {
    var found: [StateChange] = []
    for part in chain.reversed() where part.layer >= layer ?? .min {
      found += changes(of: part).dropFirst(part.layer == layer ? index + 1 : 0)
    }
    return found
  }
}

extension [StateEdit] {
  /// In an array ordered by slot.
  fileprivate func first(in slot: Int32) -> StateEdit? {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if self[middle].slot < slot { low = middle + 1 } else { high = middle }
    }
    return low < count && self[low].slot == slot ? self[low] : nil
  }
}
