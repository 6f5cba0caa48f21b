package import RoomEvents

/// Where the current state of a room is stored and how it grows, as the room's writer keeps it in
/// memory.
package struct StateCursor: Sendable {
  /// The room's number in the tables of state.
  package let room: Int64
  package let salt: StateSalt
  /// Nil in a room without state.
  package private(set) var snapshot: SnapshotID?
  package private(set) var hash = StateHash.empty
  /// Of the snapshot's layer, unless that has grown beyond the snapshot.
  private(set) var tip: LayerTip?
  /// Of what is not in the current state but was once, or is in a fork.
  private var vacantSlots: [StateTuple: Int32]
  var nextSlot: Int32

  /// Of a room without a state.
  package init(
    room: Int64, salt: StateSalt, vacantSlots: [StateTuple: Int32] = [:], nextSlot: Int32 = 0
  ) {
    self.room = room
    self.salt = salt
    self.vacantSlots = vacantSlots
    self.nextSlot = nextSlot
  }

  /// - Parameters:
  ///   - layer: of `snapshot`.
  ///   - nextSlot: greater than all slots of the room.
  init(
    room: Int64, salt: StateSalt, snapshot: SnapshotID, layer: StateLayer,
    vacantSlots: [StateTuple: Int32], nextSlot: Int32
  ) {
    self.room = room
    self.salt = salt
    self.snapshot = snapshot
    hash = layer.hash(at: snapshot.index, salt)
    let tip = layer.tip(salt)
    self.tip = tip.snapshot == snapshot ? tip : nil
    self.vacantSlots = vacantSlots
    self.nextSlot = nextSlot
  }

  /// The slot of what is not in the current state.
  mutating func takeSlot(for key: StateTuple) -> Int32 {
    if let vacant = vacantSlots[key] { return vacant }
    defer { nextSlot += 1 }
    return nextSlot
  }

  /// The same for a place that may not come into the current state yet, as on a fork.
  mutating func keepSlot(for key: StateTuple) -> (slot: Int32, isNew: Bool) {
    if let vacant = vacantSlots[key] { return (vacant, false) }
    let slot = takeSlot(for: key)
    vacantSlots[key] = slot
    return (slot, true)
  }

  /// The slot of a place that is not in the current state, if it has one.
  func keptSlot(of key: StateTuple) -> Int32? {
    vacantSlots[key]
  }

  /// The place leaves the current state.
  mutating func vacate(_ slot: Int32, of key: StateTuple) {
    vacantSlots[key] = slot
  }

  /// Whether single changes, as many as that, go into the layer that grows now.
  func hasSpace(for changes: Int) -> Bool {
    guard let tip else { return false }
    return tip.changes + changes <= SnapshotID.changesPerLayer
      && tip.edits + changes <= StateLayer.growthLimit
  }

  /// - Parameter tip: of the snapshot's layer.
  mutating func move(to snapshot: SnapshotID?, hash: StateHash, tip: LayerTip?) {
    self.snapshot = snapshot
    self.hash = hash
    self.tip = tip?.snapshot == snapshot ? tip : nil
  }
}
