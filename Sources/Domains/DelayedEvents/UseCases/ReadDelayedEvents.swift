package import MatrixIdentifiers
package import Postgres

/// What users and administrators may know of delayed events.
package struct ReadDelayedEvents: Sendable {
  private let store: DelayedEventStore
  private let list: DelayedEventList

  package init(database: Database) {
    store = DelayedEventStore(database: database)
    list = DelayedEventList(database: database)
  }

  /// - Throws: `DelayedEventError.unknown`, also for another user's.
  package func event(_ delayID: String, of user: UserID) async throws -> DelayedEvent {
    guard !delayID.utf8.contains(0), let event = try await store.find(delayID, of: user) else {
      throw DelayedEventError.unknown
    }
    return event
  }

  package func page(
    of user: UserID, _ filter: DelayedEventFilter
  ) async throws -> DelayedEventPage {
    guard filter.type?.utf8.contains(0) != true else {
      throw DelayedEventError.unusable(field: "type")
    }
    return try await list.page(of: user, filter)
  }
}
