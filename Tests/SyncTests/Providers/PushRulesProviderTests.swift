import MatrixIdentifiers
import MatrixJSON
import PushRules
import Streams
import TestKit
import Testing

@testable import Sync

struct PushRulesProviderTests {
  private func provider(_ world: ProviderWorld) -> PushRulesProvider {
    PushRulesProvider(
      reader: world.pushRules.reader,
      memory: PushRulesMemory(
        store: RulesetStore(database: world.database), reader: world.pushRules.reader),
      waker: world.waker)
  }

  private func addRule(_ room: String, of user: String, _ world: ProviderWorld) async throws {
    let rules = PushRules(store: RulesetStore(database: world.database), owner: world.owner)
    let draft = try RuleDraft(
      JSONDocument(Array("{\"actions\":[\"notify\"]}".utf8)).root, kind: .room)
    try await rules.change(
      .put(.room, id: room, draft, .unchanged),
      of: try present(UserID(user), "user id"))
  }

  private func rooms(_ news: SyncNews) -> [String] {
    let rules = news.globalAccountData.first { $0["type"]?.string == "m.push_rules" }
    return rules?["content"]?["global"]?["room"]?.elements.compactMap { $0["rule_id"]?.string }
      ?? []
  }

  @Test func rulesAreToldAtFirstAndWhenTheyChange() async throws {
    try await withProviderWorld { world in
      let provider = provider(world)
      let (first, since) = try await provider.news(ProviderQuestion(), since: nil)
      #expect(first.globalAccountData.count == 1, "the predefined rules")
      #expect(try await provider.news(ProviderQuestion(), since: since).0.isEmpty)
      try await addRule("!r:a.example", of: World.alice, world)
      let (second, end) = try await provider.news(ProviderQuestion(), since: since)
      #expect(rooms(second) == ["!r:a.example"])
      #expect(try await provider.news(ProviderQuestion(), since: end).0.isEmpty)
      #expect(
        try await provider.news(ProviderQuestion(user: World.bob), since: since).0.isEmpty)
      // Also with a memory that begins later.
      let late = self.provider(world)
      #expect(rooms(try await late.news(ProviderQuestion(), since: since).0) == ["!r:a.example"])
      #expect(try await late.news(ProviderQuestion(user: World.bob), since: since).0.isEmpty)
    }
  }

  @Test func theFilterOfAccountDataChooses() async throws {
    try await withProviderWorld { world in
      let provider = provider(world)
      let question = ProviderQuestion(
        filter: try SyncFilter("{\"account_data\":{\"not_types\":[\"m.push_rules\"]}}"))
      #expect(try await provider.news(question, since: nil).0.isEmpty)
    }
  }
}
