package import MatrixIdentifiers
package import Streams
import Synchronization

/// The rules of users who have some of their own, ready for evaluation and shared by all the
/// rooms of a user, and whose rules changed lately. In step with the stream of changes.
package final class RulesetCache: Sendable {
  /// Compiled rulesets kept.
  static let limit = 20_000

  private struct Entry: Sendable {
    let position: Int64
    let rules: CompiledRuleset
  }

  private struct State {
    var entries: [UserID: Entry] = [:]
    var changes = RulesetChanges()
  }

  private let store: RulesetStore
  private let state = Mutex(State())

  package init(store: RulesetStore, reader: StreamReader<UserID>) {
    self.store = store
    reader.onInvalidate { [weak self] batch in
      self?.state.withLock { state in
        for row in batch.rows { state.changes.note(row.row) }
      }
    }
  }

  /// How many changes there have been. What is loaded after it was read is at least that new.
  var changeCount: UInt64 {
    state.withLock { $0.changes.count }
  }

  /// Whose rules changed after `count` changes; nil when that is not known any more.
  func changed(since count: UInt64) -> [UserID]? {
    state.withLock { $0.changes.since(count) }
  }

  /// As they are in the database now; users without rules of their own are left out.
  func rules(of users: [UserID]) async throws -> [UserID: CompiledRuleset] {
    var found: [UserID: CompiledRuleset] = [:]
    for stored in try await store.rulesets(of: users) where !stored.rules.isPlain {
      found[stored.user] = compiled(stored)
    }
    return found
  }

  private func compiled(_ stored: StoredRuleset) -> CompiledRuleset {
    let known = state.withLock { $0.entries[stored.user] }
    if let known, known.position == stored.position { return known.rules }
    let rules = CompiledRuleset(stored.rules)
    state.withLock { state in
      if state.entries.count >= Self.limit { state.entries.removeAll() }
      state.entries[stored.user] = Entry(position: stored.position, rules: rules)
    }
    return rules
  }
}

/// The users whose rules changed lately, in order.
struct RulesetChanges: Sendable {
  /// Changes remembered.
  static let limit = 10_000

  private(set) var count: UInt64 = 0
  /// The last of them; its first element is the change number `count - users.count`.
  private var users: [UserID] = []

  mutating func note(_ user: UserID) {
    users.append(user)
    count += 1
    if users.count > 2 * Self.limit { users.removeFirst(users.count - Self.limit) }
  }

  /// Nil when some are forgotten.
  func since(_ earlier: UInt64) -> [UserID]? {
    guard earlier < count else { return [] }
    let wanted = count - earlier
    return wanted <= UInt64(users.count) ? users.suffix(Int(wanted)) : nil
  }
}
