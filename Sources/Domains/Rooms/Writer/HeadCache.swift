import MatrixIdentifiers
import RoomEvents

/// The heads of the rooms written last, bounded by the number of state entries they hold.
struct HeadCache {
  /// About 150 bytes an entry: the whole cache stays near 60 MB.
  static let entryLimit = 400_000
  /// What is kept when the limit is passed, so that eviction is rare.
  private static let keptShare = 0.8

  private struct Slot {
    var head: RoomHead
    var lastUse: UInt64
  }

  private var slots: [RoomID: Slot] = [:]
  private var entries = 0
  private var uses: UInt64 = 0

  func contains(_ roomID: RoomID) -> Bool {
    slots[roomID] != nil
  }

  func head(_ roomID: RoomID) -> RoomHead? {
    slots[roomID]?.head
  }

  mutating func insert(_ head: RoomHead) {
    uses += 1
    remove(head.roomID)
    entries += head.state.count
    slots[head.roomID] = Slot(head: head, lastUse: uses)
  }

  /// Gives the head away, so that it can be changed without being copied.
  mutating func take(_ roomID: RoomID) -> RoomHead? {
    let head = slots[roomID]?.head
    remove(roomID)
    return head
  }

  mutating func remove(_ roomID: RoomID) {
    if let removed = slots.removeValue(forKey: roomID) { entries -= removed.head.state.count }
  }

  mutating func removeAll() {
    slots.removeAll()
    entries = 0
  }

  /// Changes a head in place: its dictionary of state is never copied.
  mutating func modify<Value, Failure: Error>(
    _ roomID: RoomID, _ change: (inout RoomHead) throws(Failure) -> Value
  ) throws(Failure) -> Value? {
    guard var slot = slots.removeValue(forKey: roomID) else { return nil }
    entries -= slot.head.state.count
    uses += 1
    slot.lastUse = uses
    defer {
      entries += slot.head.state.count
      slots[roomID] = slot
    }
    return try change(&slot.head)
  }

  /// Drops the rooms unused for longest while the cache is over its limit.
  mutating func evict() {
    guard entries > Self.entryLimit else { return }
    let goal = Int(Double(Self.entryLimit) * Self.keptShare)
    for (roomID, _) in slots.sorted(by: { $0.value.lastUse < $1.value.lastUse }) {
      guard entries > goal else { return }
      remove(roomID)
    }
  }
}
