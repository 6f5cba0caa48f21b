package import MatrixIdentifiers
package import Streams
import Synchronization

/// Whose rules changed lately, as this worker saw it pass, for /sync.
package final class PushRulesMemory: Sendable {
  /// Changes kept.
  private static let limit = 10_000

  private let store: RulesetStore
  private let recent: Mutex<RecentRows<UserID>>

  package init(store: RulesetStore, reader: StreamReader<UserID>) {
    self.store = store
    recent = Mutex(RecentRows(start: reader.current, limit: Self.limit))
    reader.onInvalidate { [weak self] batch in self?.recent.withLock { $0.add(batch) } }
  }

  /// The `m.push_rules` event of a user whose rules changed in `(since, now]`, or whose client
  /// knows nothing yet; nil when there is nothing to tell. The rules may be later than `now`:
  /// then they are told again, which does no harm.
  package func event(
    for user: UserID, since: VectorToken?, upTo now: VectorToken
  ) async throws -> [UInt8]? {
    if let since {
      let changes = recent.withLock { recent in
        recent.rows(since: since, upTo: now) { $0 == user }
      }
      if let changes, changes.isEmpty { return nil }
      if changes == nil, try await !store.hasChanged(user, since: since) { return nil }
    }
    return try await store.ruleset(of: user).accountDataEvent(for: user)
  }
}
