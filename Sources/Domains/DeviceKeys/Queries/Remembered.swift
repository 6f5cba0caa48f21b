import MatrixIdentifiers

/// What is remembered of users, as much as fits: who was not asked for since the older half was
/// begun goes first.
///
/// What is read from the database may be overtaken by a change before it is kept. So each reading
/// has a number, and what was forgotten since a reading began is not kept from it.
struct Remembered<Value: Sendable>: Sendable {
  private struct Entry {
    let value: Value
    let size: Int
  }

  private let limit: Int
  private var young: [UserID: Entry] = [:]
  private var old: [UserID: Entry] = [:]
  private var youngSize = 0
  /// The last reading of each user that is being read.
  private var reading: [UserID: UInt64] = [:]
  private var readings: UInt64 = 0

  /// - Parameter limit: bytes.
  init(limit: Int) {
    self.limit = limit
  }

  subscript(_ user: UserID) -> Value? {
    mutating get {
      if let entry = young[user] { return entry.value }
      guard let entry = old.removeValue(forKey: user) else { return nil }
      keep(entry, for: user)
      return entry.value
    }
  }

  mutating func forget(_ user: UserID) {
    reading[user] = nil
    old[user] = nil
    if let entry = young.removeValue(forKey: user) { youngSize -= entry.size }
  }

  /// - Returns: the number of the reading.
  mutating func begin(_ users: [UserID]) -> UInt64 {
    readings += 1
    for user in users { reading[user] = readings }
    return readings
  }

  /// - Parameters:
  ///   - value: nil when nothing was found, or the reading failed.
  ///   - size: bytes.
  mutating func end(_ number: UInt64, of user: UserID, with value: Value?, size: Int) {
    guard reading[user] == number else { return }
    reading[user] = nil
    guard let value else { return }
    old[user] = nil
    if let entry = young.removeValue(forKey: user) { youngSize -= entry.size }
    keep(Entry(value: value, size: size), for: user)
  }

  private mutating func keep(_ entry: Entry, for user: UserID) {
    if youngSize + entry.size > limit / 2 {
      old = young
      young = [:]
      youngSize = 0
    }
    young[user] = entry
    youngSize += entry.size
  }
}
