import Testing

@testable import ServerConfig

struct PresenceSectionTests {
  @Test(arguments: [
    ("", true, false),
    ("use_presence: false", false, false),
    ("presence: {enabled: false}", false, false),
    ("presence: {enabled: untracked}", false, false),
    ("use_presence: false\npresence: {enabled: true}", true, false),
    ("use_presence: false\npresence: {include_offline_users_on_sync: true}", false, true),
    ("presence: {presence_router: {module: a.b}}", true, false),
  ])
  func keysAreReadAsSynapseReadsThem(
    text: String, isEnabled: Bool, tellsOfflineUsers: Bool
  ) throws {
    let loaded = try load(Fixture.minimal, text)
    #expect(loaded.warnings.isEmpty)
    let presence = loaded.config.server.presence
    #expect(presence.isEnabled == isEnabled)
    #expect(presence.tellsOfflineUsers == tellsOfflineUsers)
  }

  @Test(arguments: [
    ("presence: {enabled: perhaps}", "presence.enabled"),
    ("use_presence: 7", "use_presence"),
  ])
  func wrongValuesAreNamed(text: String, key: String) throws {
    #expect(try problems(Fixture.minimal, text).map(\.keys) == [[key]])
  }
}
