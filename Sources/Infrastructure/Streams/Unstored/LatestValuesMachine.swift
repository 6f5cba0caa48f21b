/// What a process knows of a stream that is never stored: the latest value of each key. The
/// writer's memory has the truth; whoever missed something asks it for all of it.
///
/// Positions are the writer's clock, so they grow over its restarts too.
package struct LatestValuesMachine: Sendable {
  package struct Entry: Sendable, Equatable {
    package let position: Int64
    /// JSON; nil for a key that ceased to be there.
    package let value: [UInt8]?

    package init(position: Int64, value: [UInt8]?) {
      self.position = position
      self.value = value
    }
  }

  /// Keys without a value that are remembered, so that their end is told.
  static let tombstoneLimit = 10_000
  /// Places of older changes that are kept beside two for each key.
  private static let logSlack = 100

  package private(set) var position: Int64 = 0
  private var entries: [String: Entry] = [:]
  /// Keys in the order of their changes, so that what is new is found without looking at all.
  private var log: [(position: Int64, key: String)] = []
  private var tombstones = 0

  package init() {}

  package var all: [String: Entry] {
    entries
  }

  package func value(of key: String) -> [UInt8]? {
    entries[key]?.value
  }

  /// - Returns: false when something before it was missed.
  package mutating func received(
    _ changes: [(key: String, entry: Entry)], previous: Int64, position: Int64
  ) -> Bool {
    guard position > self.position else { return true }
    guard previous <= self.position else { return false }
    for (key, entry) in changes where entry.position > self.position { set(key, entry) }
    self.position = position
    return true
  }

  /// Takes all that the writer has.
  /// - Returns: the keys that are different now.
  package mutating func replaced(
    by snapshot: [String: Entry], position: Int64
  ) -> [String] {
    guard position > self.position else { return [] }
    var changed: [String] = []
    for (key, entry) in entries where entry.value != nil && snapshot[key]?.value == nil {
      set(key, Entry(position: position, value: nil))
      changed.append(key)
    }
    for (key, entry) in snapshot where entry.value != nil && entries[key]?.value != entry.value {
      // It is news here, whenever it happened.
      set(key, Entry(position: position, value: entry.value))
      changed.append(key)
    }
    self.position = position
    return changed
  }

  /// What changed in `(since, now]`.
  package func changes(since: Int64, upTo now: Int64) -> [(key: String, entry: Entry)] {
    var found: [(key: String, entry: Entry)] = []
    for (position, key) in log.reversed() {
      guard position > since else { break }
      guard position <= now, let entry = entries[key], entry.position == position else { continue }
      found.append((key, entry))
    }
    return found
  }

  private mutating func set(_ key: String, _ entry: Entry) {
    if let known = entries[key], known.value == nil { tombstones -= 1 }
    entries[key] = entry
    log.append((entry.position, key))
    if entry.value == nil { tombstones += 1 }
    if tombstones > Self.tombstoneLimit {
      entries = entries.filter { $0.value.value != nil }
      tombstones = 0
    }
    if log.count > 2 * entries.count + Self.logSlack {
      log.removeAll { entries[$0.key]?.position != $0.position }
    }
  }
}
