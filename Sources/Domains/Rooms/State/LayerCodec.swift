/// The stored form of a layer's changes. A change is appended without reading what is there:
///
///     change  number of edits, edits
///     edit    (slots since the edit before) * 4 + (has old) * 2 + (has new), new, old
///
/// All are variable-length integers of 7 bits a byte, the lowest first. An event's number is
/// written as its distance from the one written before it, in the first edit from the layer's
/// number: what stands near in a room's history is near there too.
enum LayerCodec {
  static func encode(_ change: StateChange, layer: Int64) -> [UInt8] {
    var writer = VarintWriter()
    writer.write(UInt64(change.edits.count))
    var (slot, number) = (Int32(0), layer)
    for edit in change.edits {
      let (hasOld, hasNew) = (edit.old != StateEdit.none, edit.new != StateEdit.none)
      writer.write(UInt64(edit.slot - slot) << 2 | (hasOld ? 2 : 0) | (hasNew ? 1 : 0))
      slot = edit.slot
      if hasNew {
        writer.write(signed: edit.new &- number)
        number = edit.new
      }
      if hasOld { writer.write(signed: edit.old &- number) }
    }
    return writer.bytes
  }

  static func decode(_ bytes: [UInt8], layer: Int64) throws(StateStorageError) -> [StateChange] {
    var reader = VarintReader(bytes)
    var changes: [StateChange] = []
    while !reader.isAtEnd {
      guard changes.count < SnapshotID.changesPerLayer,
        let change = decodeChange(&reader, layer: layer)
      else { throw .damagedLayer(layer) }
      changes.append(change)
    }
    guard !changes.isEmpty else { throw .damagedLayer(layer) }
    return changes
  }

  private static func decodeChange(
    _ reader: inout VarintReader, layer: Int64
  ) -> StateChange? {
    // An edit takes two bytes at the least.
    guard let count = reader.read(), count <= UInt64(reader.remaining) else { return nil }
    var edits: [StateEdit] = []
    edits.reserveCapacity(Int(count))
    var (slot, number) = (Int64(0), layer)
    for _ in 0..<count {
      guard let head = reader.read() else { return nil }
      slot += Int64(head >> 2)
      guard let place = Int32(exactly: slot), edits.last.map({ $0.slot < place }) ?? true
      else { return nil }
      var (old, new) = (StateEdit.none, StateEdit.none)
      if head & 1 != 0 {
        guard let distance = reader.readSigned() else { return nil }
        number &+= distance
        new = number
      }
      if head & 2 != 0 {
        guard let distance = reader.readSigned() else { return nil }
        old = number &+ distance
      }
      edits.append(StateEdit(slot: place, old: old, new: new))
    }
    return StateChange(edits)
  }
}
