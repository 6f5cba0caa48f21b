package import MatrixIdentifiers
import Postgres
package import Streams
import Synchronization

/// What can be claimed of devices, for /sync: counted once, and again when somebody uploads or
/// claims.
package final class KeyCountMemory: Sendable {
  /// Devices remembered, about 300 bytes each.
  static let limit = 50_000

  private struct State {
    var counts: [String: DeviceKeyCounts] = [:]
    /// Counts under way, by the number of the last one that began; one that is overtaken by a
    /// change is not kept.
    var loading: [String: UInt64] = [:]
    var loads: UInt64 = 0
  }

  private let store: OneTimeKeyStore
  private let invalidations: InvalidationFeed
  private let state = Mutex(State())

  package init(store: OneTimeKeyStore, invalidations: InvalidationFeed) {
    self.store = store
    self.invalidations = invalidations
    invalidations.onInvalidate(.deviceKeyCounts) { [weak self] keys in self?.forget(keys) }
  }

  package func counts(of user: UserID, _ device: String) async throws -> DeviceKeyCounts {
    let key = Self.key(user, device)
    let (known, load) = state.withLock { state in
      guard let known = state.counts[key] else {
        state.loads += 1
        state.loading[key] = state.loads
        return (DeviceKeyCounts?.none, state.loads)
      }
      return (known, 0)
    }
    if let known { return known }
    defer {
      state.withLock { if $0.loading[key] == load { $0.loading[key] = nil } }
    }
    let counts = try await store.counts(of: user, device)
    state.withLock { state in
      guard state.loading[key] == load else { return }
      if state.counts.count >= Self.limit { state.counts.removeAll() }
      state.counts[key] = counts
    }
    return counts
  }

  /// Part of the transaction that changes what devices have.
  static func invalidation(of devices: [(UserID, String)]) -> Query {
    InvalidationFeed.statement(.deviceKeyCounts, devices.map { key($0.0, $0.1) })
  }

  /// Once it has committed.
  func announce(_ devices: [(UserID, String)]) {
    invalidations.announce(.deviceKeyCounts, devices.map { Self.key($0.0, $0.1) })
  }

  private static func key(_ user: UserID, _ device: String) -> String {
    "\(user.text)\n\(device)"
  }

  private func forget(_ keys: [String]?) {
    state.withLock { state in
      guard let keys else {
        state.counts.removeAll()
        state.loading.removeAll()
        return
      }
      for key in keys {
        state.counts[key] = nil
        state.loading[key] = nil
      }
    }
  }
}
