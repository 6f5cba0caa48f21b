import MatrixIdentifiers
import Postgres
import RoomEvents
import StateResolution

/// A state of the room in two forms: apart from the current state, and as it is stored.
struct InboundState: Sendable {
  var difference: StateDifference
  /// Nil for the empty state, and for one that is only told.
  var snapshot: SnapshotID?
  var isStored = true
}

/// The stored states of one room, read and written while events of other servers are taken in.
struct InboundStates {
  private let store: InboundStore
  private let layers: LayerStore
  /// Of the states looked at, each with all under it.
  private var tree = SnapshotTree()

  init(store: InboundStore) {
    self.store = store
    layers = LayerStore(database: store.database)
  }

  // MARK: Reading

  /// The states after events.
  mutating func states(
    after events: [EventID], in head: RoomHead
  ) async throws -> [InboundState] {
    if events == head.forwardExtremities {
      // The usual case needs no look at the database.
      if events.count == 1 { return [InboundState(difference: [:], snapshot: head.stateSnapshot)] }
    }
    let snapshots = try await layers.snapshots(after: events)
    try await load(Array(snapshots.values), head)
    let changes = try events.map { event in
      try tree.change(from: head.stateSnapshot, to: snapshots[event])
    }
    let slots = Set(changes.lazy.flatMap(\.edits).map(\.slot))
    let keys = try await slots.isEmpty ? [:] : store.keys(of: slots, room: head.cursor.room)
    return zip(events, changes).map { event, change in
      var difference: StateDifference = [:]
      for edit in change.edits {
        guard let key = keys[edit.slot] else { continue }
        difference.updateValue(edit.new == StateEdit.none ? nil : edit.new, forKey: key)
      }
      return InboundState(difference: difference, snapshot: snapshots[event])
    }
  }

  private mutating func load(_ snapshots: [SnapshotID], _ head: RoomHead) async throws {
    let wanted = Set(snapshots + [head.stateSnapshot].compactMap { $0 })
    let missing = wanted.filter { (try? tree.chain(from: $0)) == nil }
    guard !missing.isEmpty else { return }
    for layer in try await layers.tree(of: Array(missing), in: head.roomID).layers.values {
      tree.insert(layer)
    }
  }

  // MARK: Writing

  /// The state after one event in its state before.
  mutating func append(
    _ edit: StateEdit, to snapshot: SnapshotID?, _ head: inout RoomHead,
    numbers: inout ArraySlice<Int64>
  ) async throws -> SnapshotID? {
    if snapshot != head.stateSnapshot || !head.cursor.hasSpace(for: 1) {
      try await load([snapshot].compactMap { $0 }, head)
    }
    var writer = SnapshotWriter(head.cursor, tree: tree)
    let after = try writer.append(StateChange(edit), to: snapshot, numbers: &numbers)
    try await write(writer, &head)
    return after
  }

  /// Stores what some states came to. All their places have slots.
  mutating func store(
    _ met: StateDifference, of forks: [InboundState], _ head: inout RoomHead,
    numbers: inout ArraySlice<Int64>
  ) async throws -> SnapshotID? {
    let current = InboundState(difference: [:], snapshot: head.stateSnapshot)
    let stored = forks.filter(\.isStored) + [current]
    try await load(stored.compactMap(\.snapshot), head)
    let places = Set(met.keys).union(stored.lazy.flatMap(\.difference.keys))
    var slots: [StateTuple: Int32] = [:]
    for key in places { slots[key] = head.slot(of: key) }
    let entries = head.state
    func events(_ state: StateDifference) -> [Int32: Int64] {
      var events: [Int32: Int64] = [:]
      for (key, slot) in slots {
        events[slot] = state.entry(key, current: entries[key]?.number) ?? StateEdit.none
      }
      return events
    }
    var writer = SnapshotWriter(head.cursor, tree: tree)
    let resolution = try writer.resolution(
      of: stored.map { ($0.snapshot, events($0.difference)) }, to: events(met))
    guard case .change(let change, let parent, let hash) = resolution else {
      guard case .known(let known) = resolution else { return nil }
      return known
    }
    if let known = try await LayerStore.snapshot(
      with: hash, in: head.roomID, store.database)
    {
      return known
    }
    let snapshot = try writer.appendResolved(change, to: parent, numbers: &numbers)
    try await write(writer, &head)
    return snapshot
  }

  /// Makes a stored state the room's current one.
  mutating func move(_ head: inout RoomHead, to snapshot: SnapshotID?) async throws {
    try await load([snapshot].compactMap { $0 }, head)
    let writer = SnapshotWriter(head.cursor, tree: tree)
    head.cursor.move(
      to: snapshot, hash: try writer.hash(at: snapshot),
      tip: snapshot.flatMap { writer.tip(of: $0.layer) })
  }

  private mutating func write(_ writer: SnapshotWriter, _ head: inout RoomHead) async throws {
    _ = try await store.database.queryAll(
      LayerStore.queries([(head.cursor.room, writer.writes)]))
    tree = writer.tree
    // The layer of the current state may have grown beyond it.
    head.cursor.move(
      to: head.stateSnapshot, hash: head.cursor.hash,
      tip: head.stateSnapshot.flatMap { writer.tip(of: $0.layer) })
  }
}
