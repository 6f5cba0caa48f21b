/// Makes the states that follow on those of one room: a machine that decides which rows to write.
///
/// Nothing is read: the tips of layers that are to grow, and the layers that may be merged, have
/// to be given. Without the latter states are right all the same, on longer chains.
package struct SnapshotWriter: Sendable {
  package let salt: StateSalt
  package private(set) var tree: SnapshotTree
  package private(set) var writes = LayerWrites()
  private var tips: [Int64: LayerTip] = [:]
  /// Of a state whose layer need not be in the tree.
  private let known: (snapshot: SnapshotID?, hash: StateHash)

  /// - Parameters:
  ///   - cursor: at the state that will grow, whose layer need not be in the tree.
  ///   - tree: of the layers that were loaded, each with all its changes.
  package init(_ cursor: StateCursor, tree: SnapshotTree = SnapshotTree()) {
    salt = cursor.salt
    self.tree = tree
    known = (cursor.snapshot, cursor.hash)
    if let tip = cursor.tip { tips[tip.id] = tip }
  }

  package func tip(of layer: Int64) -> LayerTip? {
    tips[layer] ?? tree.layer(layer)?.tip(salt)
  }

  package func hash(at snapshot: SnapshotID?) throws(StateStorageError) -> StateHash {
    if let snapshot, let tip = tips[snapshot.layer], tip.snapshot == snapshot { return tip.hash }
    if snapshot == known.snapshot { return known.hash }
    return try tree.hash(at: snapshot, salt)
  }

  /// The state after a change.
  /// - Parameter numbers: for new layers; two are enough for each change.
  package mutating func append(
    _ change: StateChange, to parent: SnapshotID?, numbers: inout ArraySlice<Int64>
  ) throws(StateStorageError) -> SnapshotID? {
    guard !change.isEmpty else { return parent }
    if let parent, let tip = tip(of: parent.layer), tip.snapshot == parent, tip.canTake(change) {
      return grow(tip, by: change)
    }
    return try appendResolved(change, to: parent, numbers: &numbers)
  }

  /// The end of forks. It gets a layer of its own, in which it can be found by its hash.
  /// - Parameters: as of `append`.
  package mutating func appendResolved(
    _ change: StateChange, to parent: SnapshotID?, numbers: inout ArraySlice<Int64>
  ) throws(StateStorageError) -> SnapshotID? {
    let hash = try hash(at: parent)
    let base = try merged(parent, hash: hash, numbers: &numbers)
    return try insert(change, on: base, hash: hash.after(change, salt), numbers: &numbers)
  }

  private mutating func grow(_ tip: LayerTip, by change: StateChange) -> SnapshotID {
    let grown = tip.after(change, salt)
    tips[tip.id] = grown
    tree.append(change, to: tip.id)
    writes.append(change, to: tip.id)
    return grown.snapshot
  }

  private mutating func insert(
    _ change: StateChange, on parent: SnapshotID?, hash: StateHash,
    numbers: inout ArraySlice<Int64>
  ) throws(StateStorageError) -> SnapshotID {
    guard let id = numbers.popFirst() else { throw .noNumbers }
    let layer = StateLayer(id: id, parent: parent, hash: hash, changes: [change])
    tree.insert(layer)
    writes.insert(layer)
    return SnapshotID(layer: id, index: 0)
  }

  /// The same state on fewer layers, if there are too many.
  private mutating func merged(
    _ snapshot: SnapshotID?, hash: StateHash, numbers: inout ArraySlice<Int64>
  ) throws(StateStorageError) -> SnapshotID? {
    let chain: [SnapshotID]
    do {
      chain = try tree.chain(from: snapshot)
    } catch .missingLayer {
      return snapshot
    }
    let sizes = chain.map { part in
      tree.changes(of: part).reduce(0) { $0 + $1.edits.count }
    }
    let count = LayerCompaction.countToMerge(sizes)
    guard count > 0 else { return snapshot }
    let base = count < chain.count ? chain[count] : nil
    let change = StateChange(
      composing: chain.prefix(count).reversed().flatMap { tree.changes(of: $0) })
    guard !change.isEmpty else { return base }
    return try insert(change, on: base, hash: hash, numbers: &numbers)
  }
}

extension SnapshotWriter {
  /// How the end of a fork is stored.
  package enum Resolution: Sendable, Equatable {
    /// Equal to a state that is there.
    case known(SnapshotID?)
    /// To be appended, unless another state has this hash.
    case change(StateChange, to: SnapshotID?, StateHash)
  }

  /// Finds the state nearest to a resolved one among those that were resolved and those under
  /// them.
  ///
  /// - Parameters:
  ///   - forks: the states that were resolved, with what they have in the slots about which they do
  ///     not agree. Their chains must be in the tree.
  ///   - resolved: the events in those slots.
  package func resolution(
    of forks: [(snapshot: SnapshotID?, events: [Int32: Int64])], to resolved: [Int32: Int64]
  ) throws(StateStorageError) -> Resolution {
    guard let first = forks.first else { return .known(nil) }
    var nearest = (change: StateChange.empty, fork: first.snapshot)
    for (index, fork) in forks.enumerated() {
      let change = StateChange(
        resolved.map { slot, event in
          StateEdit(slot: slot, old: fork.events[slot] ?? StateEdit.none, new: event)
        })
      if index == 0 || change.edits.count < nearest.change.edits.count {
        nearest = (change, fork.snapshot)
      }
    }
    if nearest.change.isEmpty { return .known(nearest.fork) }
    let hash = try tree.hash(at: nearest.fork, salt).after(nearest.change, salt)
    if let earlier = try snapshot(under: forks.compactMap(\.snapshot), hash: hash) {
      return .known(earlier)
    }
    return .change(nearest.change, to: nearest.fork, hash)
  }

  private func snapshot(
    under forks: [SnapshotID], hash: StateHash
  ) throws(StateStorageError) -> SnapshotID? {
    for fork in forks {
      for part in try tree.chain(from: fork) {
        var sum = tree.layer(part.layer)?.hash ?? .empty
        for (index, change) in tree.changes(of: part).enumerated() {
          if index > 0 { sum = sum.after(change, salt) }
          if sum == hash { return SnapshotID(layer: part.layer, index: index) }
        }
      }
    }
    return nil
  }
}
