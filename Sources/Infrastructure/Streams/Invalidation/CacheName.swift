/// The in-memory caches that every process drops entries of when another one says so.
package enum CacheName: String, CaseIterable, Sendable {
  /// By hash of the token.
  case accessTokens = "access_tokens"
  /// When a runner of tasks has to look next. Without keys.
  case scheduledTasks = "scheduled_tasks"
  /// By user and device: what can be claimed of it.
  case deviceKeyCounts = "device_key_counts"
  /// When runners of delayed events have to look next: times in milliseconds.
  case delayedEvents = "delayed_events"
  /// By room: events of it are gone, or it is as a whole.
  case roomHistories = "room_histories"
}
