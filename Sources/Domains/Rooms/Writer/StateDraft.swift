import MatrixIdentifiers
import RoomEvents

/// The states that the events of one batch lead to, and what is to be written for them.
struct StateDraft {
  private var writers: [Int64: SnapshotWriter] = [:]
  private let trees: [Int64: SnapshotTree]
  private var numbers: ArraySlice<Int64>

  /// - Parameters:
  ///   - trees: by the rooms' numbers, of those whose layers may have to be merged.
  ///   - numbers: for new layers.
  init(trees: [Int64: SnapshotTree], numbers: ArraySlice<Int64>) {
    self.trees = trees
    self.numbers = numbers
  }

  /// Moves the room on by what one event changes.
  /// - Returns: the state after the event.
  mutating func append(
    _ edit: StateEdit?, to head: inout RoomHead
  ) throws(StateStorageError) -> SnapshotID? {
    guard let edit else { return head.stateSnapshot }
    let room = head.cursor.room
    var writer =
      writers[room] ?? SnapshotWriter(head.cursor, tree: trees[room] ?? SnapshotTree())
    writers[room] = nil
    let snapshot = try writer.append(
      StateChange(edit), to: head.stateSnapshot, numbers: &numbers)
    head.cursor.move(
      to: snapshot, hash: try writer.hash(at: snapshot),
      tip: snapshot.flatMap { writer.tip(of: $0.layer) })
    writers[room] = writer
    return snapshot
  }

  var writes: [(room: Int64, writes: LayerWrites)] {
    writers.map { ($0.key, $0.value.writes) }
  }
}
