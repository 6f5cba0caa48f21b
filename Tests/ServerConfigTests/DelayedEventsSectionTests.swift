import Testing

@testable import ServerConfig

struct DelayedEventsSectionTests {
  private struct Case: Sendable {
    let text: String
    var longest: Duration?
    var perUser = 100
    var kept = 1000
    var keptFor = Duration.seconds(7 * 24 * 3600)
  }

  private static let cases = [
    Case(text: ""), Case(text: "max_event_delay_duration: 24h", longest: .seconds(24 * 3600)),
    Case(text: "max_event_delay_duration: 0", longest: .zero),
    Case(text: "msc4140_max_delayed_events_per_user: 0", perUser: 0),
    Case(text: "experimental_features: {msc4140_max_delayed_events_per_user: 7}", perUser: 7),
    Case(text: "msc4140_finalised_retention_limit: 5", kept: 5),
    Case(text: "msc4140_finalised_retention_per_user_limit: 5", kept: 5),
    Case(text: "msc4140_finalised_retention_period: 1d", keptFor: .seconds(24 * 3600)),
  ]

  @Test(arguments: cases.indices)
  func keysAreRead(index: Int) throws {
    let wanted = Self.cases[index]
    let loaded = try load(Fixture.minimal, wanted.text)
    #expect(loaded.warnings.isEmpty)
    let found = loaded.config.delayedEvents
    #expect(found.longestDelay == wanted.longest)
    #expect(found.perUser == wanted.perUser)
    #expect(found.keptPerUser == wanted.kept)
    #expect(found.keptFor == wanted.keptFor)
  }

  @Test(arguments: [
    "max_event_delay_duration: soon", "msc4140_max_delayed_events_per_user: many",
    "msc4140_finalised_retention_limit: -1", "msc4140_finalised_retention_period: -1",
  ])
  func wrongValuesAreNamed(text: String) throws {
    let key = text.prefix { $0 != ":" }
    #expect(try problems(Fixture.minimal, text).map(\.keys) == [[String(key)]])
  }
}
