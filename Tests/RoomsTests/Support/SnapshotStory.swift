import RoomEvents
import TestKit

@testable import Rooms

/// A random history of a room's state with forks that meet again, each state known from a simple
/// model; stored as a database would have it.
struct SnapshotStory {
  /// An event with the states before and after it.
  struct Point {
    let number: Int64
    let snapshot: SnapshotID?
    let before: [Int32: Int64]
    let state: [Int32: Int64]
    /// Whether it is the end of forks.
    var isResolved = false
  }

  struct Row {
    let parent: SnapshotID?
    let hash: StateHash
    var changes: [UInt8]
  }

  let salt = StateSalt.random()
  let slots: Int32
  private(set) var points = [Point(number: 0, snapshot: nil, before: [:], state: [:])]
  private var random: SeededRandom
  private let forkChance: Int
  private(set) var rows: [Int64: Row] = [:]
  /// The rows as they come out of the database.
  private(set) var tree = SnapshotTree()
  private var lastNumber: Int64 = 1_000_000

  init(seed: UInt64, slots: Int32 = 40, forkChance: Int = 30) {
    random = SeededRandom(seed)
    self.slots = slots
    self.forkChance = forkChance
  }

  mutating func tell(_ changes: Int) throws {
    for _ in 0..<changes {
      if random.chance(forkChance), points.count > 2 {
        try random.chance(50) ? resolve() : grow(from: anyPoint())
      } else {
        try grow(from: points[points.count - 1])
      }
    }
  }

  mutating func anyPoint() -> Point {
    // Forks mostly begin near the end.
    let near = max(0, points.count - 8)
    let first = random.chance(70) ? near : 0
    return points[Int.random(in: first..<points.count, using: &random)]
  }

  private mutating func grow(from point: Point) throws {
    let slot = Int32.random(in: 0..<slots, using: &random)
    let old = point.state[slot] ?? StateEdit.none
    // What was resolved away is not replaced but removed.
    let new = old != StateEdit.none && random.chance(5) ? StateEdit.none : nextNumber()
    let change = StateChange(StateEdit(slot: slot, old: old, new: new))
    var state = point.state
    state[slot] = new == StateEdit.none ? nil : new
    var writer = try writer(at: point.snapshot, isLoaded: random.chance(90))
    let snapshot = try append(change, to: point.snapshot, &writer)
    // Only an event changes the state by itself.
    points.append(
      new == StateEdit.none
        ? Point(number: nextNumber(), snapshot: snapshot, before: state, state: state)
        : Point(number: new, snapshot: snapshot, before: point.state, state: state))
  }

  private mutating func resolve() throws {
    let forks = (0..<Int.random(in: 2...3, using: &random)).map { _ in anyPoint() }
    var (state, resolved): ([Int32: Int64], [Int32: Int64]) = ([:], [:])
    let isPartial = random.chance(30)
    let favourite = Int.random(in: 0..<forks.count, using: &random)
    for slot in 0..<slots {
      let values = forks.map { $0.state[slot] }
      var value = values[favourite]
      if Set(values).count > 1 {
        if isPartial { value = values.randomElement(using: &random) ?? nil }
        resolved[slot] = value ?? StateEdit.none
      }
      state[slot] = value
    }
    let snapshots = forks.compactMap(\.snapshot)
    guard snapshots.count == forks.count else { return }
    var writer = try writer(at: snapshots[0], isLoaded: true)
    let snapshot: SnapshotID?
    let ends = zip(snapshots, forks).map { snapshot, fork in
      (snapshot: SnapshotID?.some(snapshot), events: fork.state)
    }
    switch try writer.resolution(of: ends, to: resolved) {
    case .known(let known): snapshot = known
    case .change(let change, let parent, let hash):
      snapshot = try known(hash) ?? append(change, to: parent, isResolved: true, &writer)
    }
    points.append(
      Point(
        number: nextNumber(), snapshot: snapshot, before: state, state: state, isResolved: true))
  }

  private func known(_ hash: StateHash) -> SnapshotID? {
    rows.first { $0.value.hash == hash }.map { SnapshotID(layer: $0.key, index: 0) }
  }

  /// - Parameter isLoaded: false as in a writer that knows only how its layer ends.
  private func writer(at snapshot: SnapshotID?, isLoaded: Bool) throws -> SnapshotWriter {
    var cursor = StateCursor(room: 1, salt: salt)
    if let snapshot, let row = rows[snapshot.layer] {
      cursor = StateCursor(
        room: 1, salt: salt, snapshot: snapshot, layer: try layer(snapshot.layer, row),
        vacantSlots: [:], nextSlot: 0)
    }
    return SnapshotWriter(cursor, tree: isLoaded ? tree : SnapshotTree())
  }

  private mutating func append(
    _ change: StateChange, to parent: SnapshotID?, isResolved: Bool = false,
    _ writer: inout SnapshotWriter
  ) throws -> SnapshotID? {
    var numbers = [nextNumber(), nextNumber()][...]
    let snapshot =
      isResolved
      ? try writer.appendResolved(change, to: parent, numbers: &numbers)
      : try writer.append(change, to: parent, numbers: &numbers)
    for layer in writer.writes.inserted {
      rows[layer.id] = Row(
        parent: layer.parent, hash: layer.hash,
        changes: layer.changes.flatMap { LayerCodec.encode($0, layer: layer.id) })
    }
    for (id, changes) in writer.writes.appended {
      rows[id]?.changes += changes.flatMap { LayerCodec.encode($0, layer: id) }
    }
    for id in writer.writes.inserted.map(\.id) + writer.writes.appended.keys {
      if let row = rows[id] { tree.insert(try layer(id, row)) }
    }
    return snapshot
  }

  private func layer(_ id: Int64, _ row: Row) throws -> StateLayer {
    StateLayer(
      id: id, parent: row.parent, hash: row.hash,
      changes: try LayerCodec.decode(row.changes, layer: id))
  }

  private mutating func nextNumber() -> Int64 {
    lastNumber += Int64.random(in: 1...1000, using: &random)
    return lastNumber
  }
}
