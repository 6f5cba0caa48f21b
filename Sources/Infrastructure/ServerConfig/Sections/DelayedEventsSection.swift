/// Events that are sent later (MSC4140), under the names that Synapse gives or is about to give.
package struct DelayedEventsSection: Sendable {
  /// Nil: nothing is sent later.
  package var longestDelay: Duration?
  /// Scheduled events of one user; 0: nothing is sent later.
  package var perUser = 100
  /// Finalised events of one user that are kept.
  package var keptPerUser = 1000
  package var keptFor: Duration = .seconds(7 * 24 * 3600)

  init(_ section: ConfigSection) {
    longestDelay = section.duration("max_event_delay_duration")
    read(section)
    // Where Synapse has such keys as long as their proposal is new.
    if let experimental = section.optionalSection("experimental_features") { read(experimental) }
  }

  private mutating func read(_ section: ConfigSection) {
    if let count = section.integer("msc4140_max_delayed_events_per_user") { perUser = count }
    let limits = [
      "msc4140_finalised_retention_limit", "msc4140_finalised_retention_per_user_limit",
    ]
    for key in limits {
      if let count = section.integer(key) { keptPerUser = count }
    }
    if let period = section.duration("msc4140_finalised_retention_period") { keptFor = period }
  }
}
