package import MatrixIdentifiers
package import Rooms

/// What is told along with answers and is no reason for one.
package struct SyncDecorations: Sendable {
  package typealias Unread =
    @Sendable (UserID, [RoomID]) async throws -> [RoomID: UnreadCounts]
  package typealias Keys = @Sendable (UserID, _ deviceID: String) async throws -> KeyCounts
  package typealias Bundles =
    @Sendable ([StoredEvent], UserID, [RoomID: HistoryVisibility]) async throws -> EventBundles

  let unread: Unread
  let keys: Keys
  /// What belongs to events; asked for only where something may.
  package var bundles: Bundles = { _, _, _ in .none }

  package init(unread: @escaping Unread, keys: @escaping Keys) {
    self.unread = unread
    self.keys = keys
  }

  /// Tells of no counts at all.
  package static let none = SyncDecorations(
    unread: { _, _ in [:] }, keys: { _, _ in KeyCounts() })
}

/// What a user has not read of a room.
/// spec: client-server-api#receiving-notifications
package struct UnreadCounts: Sendable, Equatable {
  package struct Count: Sendable, Equatable {
    package var notifications: Int64
    package var highlights: Int64

    package init(notifications: Int64 = 0, highlights: Int64 = 0) {
      self.notifications = notifications
      self.highlights = highlights
    }
  }

  /// Outside of threads.
  package var main: Count
  /// By the thread's root.
  package var threads: [String: Count]

  package init(main: Count = Count(), threads: [String: Count] = [:]) {
    self.main = main
    self.threads = threads
  }
}

/// What other devices can still claim of a device.
/// spec: client-server-api#extensions-to-sync-1
package struct KeyCounts: Sendable, Equatable {
  /// By algorithm.
  package var oneTimeKeys: [String: Int64]
  /// Algorithms with a fallback key that nobody has used.
  package var unusedFallbackTypes: [String]

  package init(oneTimeKeys: [String: Int64] = [:], unusedFallbackTypes: [String] = []) {
    self.oneTimeKeys = oneTimeKeys
    self.unusedFallbackTypes = unusedFallbackTypes
  }
}
