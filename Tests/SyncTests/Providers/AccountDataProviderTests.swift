import Ephemera
import MatrixIdentifiers
import MatrixJSON
import Streams
import TestKit
import Testing

@testable import Sync

struct AccountDataProviderTests {
  private func provider(_ world: ProviderWorld) -> AccountDataProvider {
    AccountDataProvider(
      reader: world.accountData.reader,
      memory: AccountDataMemory(
        reader: world.accountData.reader, store: AccountDataStore(database: world.database)),
      waker: world.waker)
  }

  private func put(
    _ type: String, _ value: String, _ room: String? = nil, of user: String = World.alice,
    to world: ProviderWorld
  ) async throws {
    let data = AccountData(
      store: AccountDataStore(database: world.database), owner: world.owner)
    let content: JSON = ["v": .string(value)]
    try await data.put(
      AccountDataRow(
        userID: try present(UserID(user), "user id"),
        roomID: try room.map { try present(RoomID($0), "room id") }, type: type,
        content: content.bytes))
  }

  private func values(_ events: [JSONView]) -> [String: String] {
    Dictionary(
      events.map { ($0["type"]?.string ?? "", $0["content"]?["v"]?.string ?? "") },
      uniquingKeysWith: { "\($0) and \($1)" })
  }

  @Test func allIsToldAtFirstAndThenWhatChanged() async throws {
    try await withProviderWorld { world in
      let provider = provider(world)
      let here = ProviderQuestion.here
      try await put("a", "1", to: world)
      try await put("a", "2", to: world)
      try await put("r", "3", here, to: world)
      try await put("a", "other", of: World.bob, to: world)
      let (first, since) = try await provider.news(ProviderQuestion(), since: nil)
      #expect(values(first.globalAccountData) == ["a": "2"])
      #expect(values(first.accountData(of: here)) == ["r": "3"])
      #expect(try await provider.news(ProviderQuestion(), since: since).0.isEmpty)
      try await put("b", "4", to: world)
      try await put("r", "5", here, to: world)
      let (second, end) = try await provider.news(ProviderQuestion(), since: since)
      #expect(values(second.globalAccountData) == ["b": "4"])
      #expect(values(second.accountData(of: here)) == ["r": "5"])
      #expect(try await provider.news(ProviderQuestion(), since: end).0.isEmpty)
    }
  }

  /// A client may come with a token from before the memory begins.
  @Test func whatMemoryDoesNotHoldIsLookedUp() async throws {
    try await withProviderWorld { world in
      let before = world.accountData.reader.current
      try await put("a", "1", to: world)
      let middle = world.accountData.reader.current
      try await put("b", "2", ProviderQuestion.here, to: world)
      let late = provider(world)
      let (all, _) = try await late.news(ProviderQuestion(), since: before)
      #expect(values(all.globalAccountData) == ["a": "1"])
      #expect(values(all.accountData(of: ProviderQuestion.here)) == ["b": "2"])
      let (rest, _) = try await late.news(ProviderQuestion(), since: middle)
      #expect(rest.globalAccountData.isEmpty)
      #expect(values(rest.accountData(of: ProviderQuestion.here)) == ["b": "2"])
    }
  }

  @Test func roomsThatAreNewAreToldWhole() async throws {
    try await withProviderWorld { world in
      let provider = provider(world)
      try await put("old", "1", ProviderQuestion.there, to: world)
      let since = provider.current
      try await put("new", "2", ProviderQuestion.there, to: world)
      var question = ProviderQuestion()
      question.entered = [ProviderQuestion.there]
      let (news, _) = try await provider.news(question, since: since)
      #expect(values(news.accountData(of: ProviderQuestion.there)) == ["old": "1", "new": "2"])
      question = ProviderQuestion(joined: [ProviderQuestion.here], left: [ProviderQuestion.there])
      #expect(try await provider.news(question, since: since).0.isEmpty)
    }
  }

  @Test func filtersChoose() async throws {
    try await withProviderWorld { world in
      let provider = provider(world)
      for type in ["a.one", "b.one"] {
        try await put(type, "1", to: world)
        try await put(type, "2", ProviderQuestion.here, to: world)
        try await put(type, "3", ProviderQuestion.there, to: world)
      }
      var question = ProviderQuestion()
      question.filter = try SyncFilter(
        """
        {"account_data":{"types":["a.*"]},"room":{"account_data":{"not_types":["a.*"],
        "not_rooms":["\(ProviderQuestion.there)"]}}}
        """)
      let (news, _) = try await provider.news(question, since: nil)
      #expect(values(news.globalAccountData) == ["a.one": "1"])
      #expect(values(news.accountData(of: ProviderQuestion.here)) == ["b.one": "2"])
      #expect(news.accountData(of: ProviderQuestion.there).isEmpty)
      question.filter = try SyncFilter("{\"room\":{\"rooms\":[]}}")
      #expect(try await provider.news(question, since: nil).0.rooms.isEmpty)
    }
  }

  /// Over any sequence of requests a client comes to know what is stored.
  @Test(arguments: 1...4)
  func theSumIsWhatIsStored(_ seed: UInt64) async throws {
    try await withProviderWorld { world in
      var random = SeededRandom(seed)
      let provider = provider(world)
      var (known, stored): ([String: String], [String: String]) = ([:], [:])
      var since: VectorToken?
      for number in 0..<60 {
        let type = random.pick(["x", "y", "z"])
        let room = random.pick([nil, ProviderQuestion.here, ProviderQuestion.there])
        try await put(type, "\(number)", room, to: world)
        stored["\(room ?? "") \(type)"] = "\(number)"
        guard random.chance(30) || number == 59 else { continue }
        let (news, now) = try await provider.news(ProviderQuestion(), since: since)
        since = now
        for (type, value) in values(news.globalAccountData) { known[" \(type)"] = value }
        for room in [ProviderQuestion.here, ProviderQuestion.there] {
          for (type, value) in values(news.accountData(of: room)) {
            known["\(room) \(type)"] = value
          }
        }
        #expect(known == stored)
      }
    }
  }
}
