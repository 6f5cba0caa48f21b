import MatrixIdentifiers
import MatrixJSON
import Streams
import TestKit
import Testing

@testable import Sync

struct TypingProviderTests {
  private func type(_ users: [String], in room: String, _ world: ProviderWorld) {
    let value = JSON.array(users.map { .string($0) }).bytes
    world.typing.set(room, to: users.isEmpty ? nil : value)
  }

  private func told(_ news: SyncNews, _ room: String = ProviderQuestion.here) -> [[String]] {
    news.ephemeral(of: room).map {
      $0["content"]?["user_ids"]?.elements.compactMap(\.string) ?? []
    }
  }

  @Test func whoTypesIsToldAndWhoStops() async throws {
    try await withProviderWorld { world in
      let provider = TypingProvider(values: world.typing, waker: world.waker)
      let here = ProviderQuestion.here
      type([World.bob], in: here, world)
      type([World.carol], in: "!elsewhere:a.example", world)
      let (first, since) = try await provider.news(ProviderQuestion(), since: nil)
      #expect(told(first) == [[World.bob]])
      #expect(first.rooms.count == 1)
      #expect(try await provider.news(ProviderQuestion(), since: since).0.isEmpty)
      type([World.bob, World.carol], in: here, world)
      let (second, next) = try await provider.news(ProviderQuestion(), since: since)
      #expect(told(second) == [[World.bob, World.carol]])
      type([], in: here, world)
      let (third, end) = try await provider.news(ProviderQuestion(), since: next)
      #expect(told(third) == [[]])
      #expect(try await provider.news(ProviderQuestion(), since: end).0.isEmpty)
      // Who comes now is not told that somebody has stopped.
      #expect(try await provider.news(ProviderQuestion(), since: nil).0.isEmpty)
    }
  }

  @Test func whoEntersARoomIsToldWhoTypes() async throws {
    try await withProviderWorld { world in
      let provider = TypingProvider(values: world.typing, waker: world.waker)
      type([World.bob], in: ProviderQuestion.there, world)
      type([World.bob], in: ProviderQuestion.here, world)
      let since = provider.current
      var question = ProviderQuestion()
      question.entered = [ProviderQuestion.there]
      let (news, _) = try await provider.news(question, since: since)
      #expect(told(news, ProviderQuestion.there) == [[World.bob]])
      #expect(told(news).isEmpty)
      type([], in: ProviderQuestion.there, world)
      #expect(try await provider.news(question, since: since).0.isEmpty)
    }
  }

  @Test(arguments: [
    "{\"room\":{\"ephemeral\":{\"types\":[\"m.receipt\"]}}}",
    "{\"room\":{\"ephemeral\":{\"rooms\":[]}}}", "{\"room\":{\"rooms\":[]}}",
  ])
  func filtersChoose(_ filter: String) async throws {
    try await withProviderWorld { world in
      let provider = TypingProvider(values: world.typing, waker: world.waker)
      type([World.bob], in: ProviderQuestion.here, world)
      let question = ProviderQuestion(filter: try SyncFilter(filter))
      #expect(try await provider.news(question, since: nil).0.isEmpty)
    }
  }
}
