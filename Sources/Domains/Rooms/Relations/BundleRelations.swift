package import MatrixIdentifiers
import RoomEvents

/// Finds what is to be told along with events of what belongs to them.
/// spec: client-server-api#aggregations-of-child-events
package struct BundleRelations: Sendable {
  private let store: BundleStore
  private let ignored: any IgnoredSenders

  package init(store: BundleStore, ignored: any IgnoredSenders) {
    self.store = store
    self.ignored = ignored
  }

  /// One query for all the events as a rule, as few have anything that belongs to them.
  /// - Parameter histories: what the user sees of the rooms; all of those that are not named.
  package func bundles(
    for events: [StoredEvent], to user: UserID, seeing histories: [RoomID: HistoryVisibility] = [:]
  ) async throws -> EventBundles {
    let parents = try await store.related(among: events.filter { $0.event.stateKey == nil })
    guard !parents.isEmpty else { return .none }
    let reader = BundleStore.Reader(
      userID: user, ignored: try await ignored.ignored(by: user), histories: histories)
    var bundles = try await store.bundles(of: parents, for: reader, threads: true)
    let latest = try await store.related(among: bundles.latestOfThreads)
    bundles.merge(try await store.bundles(of: latest, for: reader, threads: false))
    return bundles
  }
}
