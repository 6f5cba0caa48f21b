package struct CachesSection: Sendable {
  /// Multiplies the size of every cache.
  package var globalFactor = 0.5
  package var eventCount: Int64 = 10 * 1024
  /// How long the answer of a sync is kept for a client that asks for the same again.
  package var syncResponseLifetime: Duration = .seconds(120)

  init(_ top: ConfigSection) {
    top.readSize("event_cache_size", into: &eventCount)
    top.group("caches") {
      $0.read("global_factor", into: &globalFactor)
      $0.read("sync_response_cache_duration", into: &syncResponseLifetime)
      $0.accept([
        "per_cache_factors", "expire_caches", "cache_entry_ttl", "cache_autotuning", "expiry_time",
      ])
    }
  }
}
