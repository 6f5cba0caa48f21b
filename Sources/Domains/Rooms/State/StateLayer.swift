/// Some changes of a room's state, one after the other, upon an earlier state. A layer is a row;
/// the layers under each other, down to one without a parent, make up a state.
///
/// Nearly every layer is a stretch of a history without forks and grows by a change at a time, as
/// a row for each change would be mostly overhead. The others hold one big change: what several
/// layers come to, or the difference that the end of a fork makes.
package struct StateLayer: Hashable, Sendable {
  /// Edits in a layer that grows: every change rewrites its row.
  static let growthLimit = 2 * SnapshotID.changesPerLayer

  /// From the sequence of the events' numbers; greater than that of every layer under it.
  package let id: Int64
  package let parent: SnapshotID?
  /// Of the state after the first change.
  package let hash: StateHash
  package private(set) var changes: [StateChange]

  package init(id: Int64, parent: SnapshotID?, hash: StateHash, changes: [StateChange]) {
    self.id = id
    self.parent = parent
    self.hash = hash
    self.changes = changes
  }

  mutating func append(_ change: StateChange) {
    changes.append(change)
  }

  /// After the last change.
  func tip(_ salt: StateSalt) -> LayerTip {
    LayerTip(
      id: id, changes: changes.count, edits: changes.reduce(0) { $0 + $1.edits.count },
      hash: hash(at: changes.count - 1, salt))
  }

  func hash(at index: Int, _ salt: StateSalt) -> StateHash {
    changes.dropFirst().prefix(index).reduce(hash) { $0.after($1, salt) }
  }
}

/// All that has to be known of a layer to add a change to it.
package struct LayerTip: Hashable, Sendable {
  package let id: Int64
  package let changes: Int
  package let edits: Int
  package let hash: StateHash

  var snapshot: SnapshotID {
    SnapshotID(layer: id, index: changes - 1)
  }

  func canTake(_ change: StateChange) -> Bool {
    changes < SnapshotID.changesPerLayer
      && edits + change.edits.count <= StateLayer.growthLimit
  }

  func after(_ change: StateChange, _ salt: StateSalt) -> LayerTip {
    LayerTip(
      id: id, changes: changes + 1, edits: edits + change.edits.count,
      hash: hash.after(change, salt))
  }
}
