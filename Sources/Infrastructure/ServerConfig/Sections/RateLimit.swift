/// A token bucket: `burstCount` at once, refilled at `perSecond`.
package struct RateLimit: Sendable, Hashable {
  package var perSecond: Double
  package var burstCount: Int

  package init(perSecond: Double, burstCount: Int) {
    self.perSecond = perSecond
    self.burstCount = burstCount
  }

  init(_ perSecond: Double, _ burstCount: Int) {
    self.init(perSecond: perSecond, burstCount: burstCount)
  }
}

extension ConfigSection {
  /// Reads `{per_second, burst_count}`; what is absent keeps its default.
  func read(_ key: String, into limit: inout RateLimit) {
    guard let section = optionalSection(key) else { return }
    limit = section.rateLimit(default: limit)
    section.reportUnknown()
  }

  /// What is absent of a limit that has no default is as Synapse has it for every limit.
  func read(_ key: String, into limit: inout RateLimit?) {
    guard let section = optionalSection(key) else { return }
    limit = section.rateLimit(default: limit ?? RateLimit(0.17, 3))
    section.reportUnknown()
  }

  private func rateLimit(default limit: RateLimit) -> RateLimit {
    var limit = limit
    read("per_second", into: &limit.perSecond)
    // Generated files write large bursts as floating-point numbers.
    if let burst = double("burst_count") {
      limit.burstCount = Int(exactly: burst.rounded()) ?? (burst > 0 ? .max : 0)
    }
    if limit.perSecond < 0 || limit.burstCount < 0 {
      problems.error(
        name("per_second"), name("burst_count"), at: location, "A limit cannot be negative.",
        fix: "use numbers from 0")
    }
    return limit
  }
}
