/// How long messages are kept: Synapse's `retention`. Durations; nil stands for ever.
package struct RetentionSection: Sendable {
  package var enabled = false
  /// For rooms that say nothing themselves.
  package var defaultLifetime: Duration?
  /// What rooms may ask for; what is beyond counts as the nearest that is allowed.
  package var shortestLifetime: Duration?
  package var longestLifetime: Duration?
  /// Between two looks for what is too old.
  package var interval = Duration.seconds(86_400)

  init(_ top: ConfigSection) {
    top.group("retention") { section in
      section.read("enabled", into: &enabled)
      section.read("allowed_lifetime_min", into: &shortestLifetime)
      section.read("allowed_lifetime_max", into: &longestLifetime)
      section.group("default_policy") {
        $0.read("max_lifetime", into: &defaultLifetime)
        // Nothing is removed sooner for it, and nothing kept longer.
        $0.accept(["min_lifetime"])
      }
      let intervals = section.sections("purge_jobs").compactMap { job in
        job.accept(["shortest_max_lifetime", "longest_max_lifetime"])
        defer { job.reportUnknown() }
        return job.duration("interval")
      }
      interval = intervals.min() ?? interval
      check(section)
    }
  }

  private func check(_ section: ConfigSection) {
    guard let shortestLifetime, let longestLifetime, shortestLifetime > longestLifetime else {
      return
    }
    section.problems.error(
      section.name("allowed_lifetime_min"), section.name("allowed_lifetime_max"),
      at: section.location(of: "allowed_lifetime_min"),
      "The shortest lifetime that is allowed is longer than the longest one.",
      fix: "set `allowed_lifetime_min` to `allowed_lifetime_max` or less")
  }
}
