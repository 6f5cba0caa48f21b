import Synchronization

/// Proven tokens by hash, the least recently used ones leaving first (by the clock rule: one bit
/// of "used since the hand passed" an entry).
///
/// A look-up in the database may be overtaken by the end of its token. So whoever loads an entry
/// notes `generation` first, and an entry loaded before the latest invalidation is not kept.
final class TokenCache: Sendable {
  struct Entry: Sendable {
    let requester: Requester
    let validUntil: Int64?
    var sightedAt: Int64
  }

  struct Hit: Sendable {
    let requester: Requester
    let expired: Bool
    /// True once in `sightingInterval` milliseconds: the device's use is to be noted.
    let sightingDue: Bool
  }

  private struct Slot {
    let key: [UInt8]
    var entry: Entry
    var used: Bool
  }

  private struct State {
    var slots: [Slot?] = []
    var index: [[UInt8]: Int] = [:]
    var free: [Int] = []
    var hand = 0
    var generation: UInt64 = 0
  }

  private let capacity: Int
  private let sightingInterval: Int64
  private let state = Mutex(State())

  init(capacity: Int, sightingInterval: Int64) {
    self.capacity = max(capacity, 1)
    self.sightingInterval = sightingInterval
  }

  var generation: UInt64 {
    state.withLock { $0.generation }
  }

  var count: Int {
    state.withLock { $0.index.count }
  }

  func find(_ key: [UInt8], now: Int64) -> Hit? {
    state.withLock { state in
      guard let position = state.index[key], var slot = state.slots[position] else { return nil }
      let due = now - slot.entry.sightedAt >= sightingInterval
      if due { slot.entry.sightedAt = now }
      slot.used = true
      state.slots[position] = slot
      let expired = slot.entry.validUntil.map { $0 <= now } ?? false
      return Hit(requester: slot.entry.requester, expired: expired, sightingDue: due && !expired)
    }
  }

  func insert(_ entry: Entry, for key: [UInt8], loadedAt generation: UInt64) {
    state.withLock { state in
      guard state.generation == generation, state.index[key] == nil else { return }
      let position = place(in: &state)
      state.slots[position] = Slot(key: key, entry: entry, used: false)
      state.index[key] = position
    }
  }

  func remove(_ keys: [[UInt8]]) {
    state.withLock { state in
      state.generation += 1
      for key in keys {
        guard let position = state.index.removeValue(forKey: key) else { continue }
        state.slots[position] = nil
        state.free.append(position)
      }
    }
  }

  func removeAll() {
    state.withLock { state in
      state = State(generation: state.generation + 1)
    }
  }

  /// A free slot, made by evicting the first one under the hand that was not used lately.
  private func place(in state: inout State) -> Int {
    if let free = state.free.popLast() { return free }
    if state.slots.count < capacity {
      state.slots.append(nil)
      return state.slots.count - 1
    }
    while true {
      let position = state.hand
      state.hand = (position + 1) % state.slots.count
      guard let slot = state.slots[position] else { return position }
      if !slot.used {
        state.index[slot.key] = nil
        return position
      }
      state.slots[position]?.used = false
    }
  }
}
