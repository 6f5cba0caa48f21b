import Ephemera
import MatrixIdentifiers
import MatrixJSON
import Streams
import TestKit
import Testing

@testable import Sync

struct ReceiptsProviderTests {
  private func provider(_ world: ProviderWorld) -> ReceiptsProvider {
    ReceiptsProvider(
      reader: world.receipts.reader,
      memory: ReceiptMemory(
        reader: world.receipts.reader, store: ReceiptStore(database: world.database)),
      waker: world.waker)
  }

  private func read(
    _ event: String, by user: String, in room: String = ProviderQuestion.here,
    _ type: ReceiptType = .read, thread: String? = nil, to world: ProviderWorld
  ) async throws {
    let receipt = Receipt(
      roomID: try present(RoomID(room), "room id"), type: type,
      userID: try present(UserID(user), "user id"), threadID: thread,
      eventID: try present(EventID(event), "event id"), timestamp: 7)
    _ = try await world.owner.call(
      OwnerCall(stream: .receipts, action: "set", key: room, body: receipt.encoded))
  }

  /// Who has read what, as `event type user thread`.
  private func told(_ news: SyncNews, _ room: String = ProviderQuestion.here) -> Set<String> {
    var told: Set<String> = []
    for event in news.ephemeral(of: room) {
      for (id, types) in event["content"].map({ Array($0.members) }) ?? [] {
        for (type, users) in types.members {
          for (user, info) in users.members {
            told.insert("\(id) \(type) \(user) \(info["thread_id"]?.string ?? "-")")
          }
        }
      }
    }
    return told
  }

  @Test func allIsToldAtFirstAndThenWhatChanged() async throws {
    try await withProviderWorld { world in
      let provider = provider(world)
      try await read("$1", by: World.bob, to: world)
      try await read("$2", by: World.alice, thread: "main", to: world)
      try await read("$3", by: World.bob, in: "!elsewhere:a.example", to: world)
      let (first, since) = try await provider.news(ProviderQuestion(), since: nil)
      #expect(
        told(first) == ["$1 m.read \(World.bob) -", "$2 m.read \(World.alice) main"])
      #expect(first.ephemeral(of: ProviderQuestion.here).count == 1)
      #expect(first.rooms.count == 1)
      #expect(try await provider.news(ProviderQuestion(), since: since).0.isEmpty)
      try await read("$4", by: World.bob, to: world)
      let (second, end) = try await provider.news(ProviderQuestion(), since: since)
      #expect(told(second) == ["$4 m.read \(World.bob) -"])
      #expect(try await provider.news(ProviderQuestion(), since: end).0.isEmpty)
      // Also with a memory that begins later.
      let (late, _) = try await self.provider(world).news(ProviderQuestion(), since: since)
      #expect(told(late) == told(second))
    }
  }

  @Test(arguments: [true, false])
  func privateReceiptsAreOnesOwn(_ isRemembered: Bool) async throws {
    try await withProviderWorld { world in
      let early = provider(world)
      let since = early.current
      try await read("$1", by: World.bob, .readPrivate, to: world)
      let provider = isRemembered ? early : provider(world)
      for since in [since, nil] {
        #expect(try await provider.news(ProviderQuestion(), since: since).0.isEmpty)
        let own = try await provider.news(ProviderQuestion(user: World.bob), since: since).0
        #expect(told(own) == ["$1 m.read.private \(World.bob) -"])
      }
    }
  }

  @Test func roomsThatAreNewAreToldWhole() async throws {
    try await withProviderWorld { world in
      let provider = provider(world)
      try await read("$1", by: World.bob, in: ProviderQuestion.there, to: world)
      let since = provider.current
      try await read("$2", by: World.alice, in: ProviderQuestion.there, to: world)
      var question = ProviderQuestion()
      question.entered = [ProviderQuestion.there]
      let (news, _) = try await provider.news(question, since: since)
      #expect(
        told(news, ProviderQuestion.there)
          == ["$1 m.read \(World.bob) -", "$2 m.read \(World.alice) -"])
      question = ProviderQuestion(joined: [ProviderQuestion.here], left: [ProviderQuestion.there])
      #expect(try await provider.news(question, since: since).0.isEmpty)
    }
  }

  @Test(arguments: [
    "{\"room\":{\"ephemeral\":{\"not_types\":[\"m.receipt\"]}}}",
    "{\"room\":{\"ephemeral\":{\"types\":[\"m.typing\"]}}}",
    "{\"room\":{\"ephemeral\":{\"not_rooms\":[\"!here:a.example\"]}}}",
    "{\"room\":{\"not_rooms\":[\"!here:a.example\"]}}",
  ])
  func filtersChoose(_ filter: String) async throws {
    try await withProviderWorld { world in
      let provider = provider(world)
      try await read("$1", by: World.bob, to: world)
      var question = ProviderQuestion()
      #expect(try await !provider.news(question, since: nil).0.isEmpty)
      question.filter = try SyncFilter(filter)
      #expect(try await provider.news(question, since: nil).0.isEmpty)
    }
  }
}
