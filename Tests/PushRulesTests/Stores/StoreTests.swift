import MatrixIdentifiers
import MatrixJSON
import Postgres
import Streams
import TestKit
import Testing

@testable import PushRules

@Suite struct StoreTests {
  private struct Read: ReadPositions {
    let given: [ReadPosition]

    func positions(of user: UserID, in rooms: [RoomID]) async throws -> [ReadPosition] {
      given.filter { rooms.contains($0.room) }
    }
  }

  private func pusher(_ key: String, language: String = "en") -> Pusher {
    Pusher(
      appID: "app", pushkey: key, kind: .http, appDisplayName: "App", deviceDisplayName: "Phone",
      profileTag: nil, language: language,
      data: Array(#"{"url":"https://x.test/_matrix/push/v1/notify"}"#.utf8))
  }

  private func mention(_ place: Int64, of user: UserID) -> EvaluatedEvent {
    let actions = PredefinedRule.isUserMention.actions
    return EvaluatedEvent(
      room: room, streamOrdering: place,
      push: EventPush(
        shared: .notify, differences: [.init(user: user, actions: actions, follows: true)]),
      reader: nil)
  }

  @Test func rulesetsAreFoundOnlyWhereSomethingWasChanged() async throws {
    try await TestPostgres.withDatabase(migrations: PushRulesSchema.migrations) { database in
      let store = RulesetStore(database: database)
      let rules = try ruleset(put(.room, "!room:test", ["actions": []]))
      _ = try await database.queryAll([
        RulesetStore.write(rules, of: alice, at: 7, by: .init(raw: 1))
      ])
      let found = try await store.rulesets(of: [alice, bob])
      #expect(found.map(\.user) == [alice])
      #expect(found.map(\.position) == [7])
      #expect(found.first?.rules == rules)
      #expect(try await store.ruleset(of: bob).isPlain)
      let rows = try await store.streamDefinition().fetch(.init(raw: 1), 6, 7, 10)
      #expect(rows.map(\.row) == [alice])
      #expect(try await store.streamDefinition().fetch(.init(raw: 1), 7, 9, 10).isEmpty)
    }
  }

  @Test func aPusherBelongsToTheLastUserUnlessItIsAppended() async throws {
    try await TestPostgres.withDatabase(migrations: PushRulesSchema.migrations) { database in
      let store = PusherStore(database: database)
      func set(_ pusher: Pusher, _ user: UserID, alone: Bool) async throws {
        try await store.set(
          pusher, of: user, device: nil, replacesOthers: alone, from: 1, now: 1)
      }
      try await set(pusher("k"), alice, alone: true)
      try await set(pusher("k", language: "de"), alice, alone: true)
      #expect(try await store.list(alice) == [pusher("k", language: "de")])
      try await set(pusher("k"), bob, alone: false)
      #expect(try await store.list(alice).count == 1)
      try await set(pusher("k"), bob, alone: true)
      #expect(try await store.list(alice).isEmpty)
      try await store.remove(appID: "app", pushkey: "k", of: bob)
      #expect(try await store.list(bob).isEmpty)
    }
  }

  @Test func pushersGoWithTheirDevices() async throws {
    try await TestPostgres.withDatabase(migrations: PushRulesSchema.migrations) { database in
      let store = PusherStore(database: database)
      for (user, device, key) in [
        (alice, "A", "1"), (alice, "B", "2"), (alice, nil, "3"), (alice, "C", "4"), (bob, "A", "5"),
      ] {
        try await store.set(
          pusher(key), of: user, device: device, replacesOthers: true, from: 1, now: 1)
      }
      try await PusherStore.removeAll(of: ["A", "C"], of: alice, in: database)
      #expect(try await store.list(alice).map(\.pushkey) == ["2", "3"])
      try await PusherStore.removeAll(of: alice, in: database)
      #expect(try await store.list(alice).isEmpty)
      #expect(try await store.list(bob).map(\.pushkey) == ["5"])
    }
  }

  @Test func aUserHasNotTooManyPushers() async throws {
    try await TestPostgres.withDatabase(migrations: PushRulesSchema.migrations) { database in
      let store = PusherStore(database: database)
      for number in 0...PusherStore.limit {
        let isLast = number == PusherStore.limit
        do {
          try await store.set(
            pusher("k\(number)"), of: alice, device: nil, replacesOthers: true, from: 1, now: 1)
          #expect(!isLast)
        } catch {
          #expect(isLast && error as? Pusher.Fault == .tooMany)
        }
      }
      try await store.set(
        pusher("k0", language: "fr"), of: alice, device: nil, replacesOthers: true, from: 1, now: 1)
      #expect(try await store.list(alice).count == PusherStore.limit)
    }
  }

  @Test func notificationsAreTheSharedOnesAndTheUsersOwn() async throws {
    try await TestPostgres.withDatabase(migrations: PushRulesSchema.migrations) { database in
      var silent = mention(4, of: alice)
      silent = EvaluatedEvent(
        room: room, streamOrdering: 4,
        push: EventPush(
          shared: .notify, differences: [.init(user: alice, actions: nil, follows: true)]),
        reader: nil)
      let events = [
        EvaluatedEvent(
          room: room, streamOrdering: 1, push: EventPush(joined: alice), reader: nil),
        EvaluatedEvent(room: room, streamOrdering: 2, push: .usual, reader: nil),
        mention(3, of: alice), silent,
        EvaluatedEvent(
          room: room, streamOrdering: 5,
          push: EventPush(shared: .notify, turns: [.init(user: alice, follows: false)]),
          reader: nil),
      ]
      _ = try await database.queryAll(PushActions.queries(for: events))
      let store = NotificationStore(database: database)
      func places(_ user: UserID, before: Int64 = .max, loud: Bool = false) async throws -> [Int64]
      {
        try await store.list(user, in: [room], before: before, onlyHighlights: loud, limit: 10)
          .map(\.streamOrdering)
      }
      #expect(try await places(alice) == [3, 2])
      #expect(try await places(alice, before: 3) == [2])
      #expect(try await places(alice, loud: true) == [3])
      #expect(try await places(bob) == [5, 4, 3, 2])
    }
  }

  @Test func cleaningUpKeepsWhatCountsAndTheNewest() async throws {
    try await TestPostgres.withDatabase(migrations: PushRulesSchema.migrations) { database in
      let events = (1...200).map { mention(Int64($0), of: alice) }
      _ = try await database.queryAll(PushActions.queries(for: events))
      let read = [ReadPosition(room: room, thread: nil, streamOrdering: 120)]
      let store = UnreadStore(database: database)
      let before = try await store.load(alice, in: [room], positions: read)
      let cleanup = PushCleanup(database: database, positions: Read(given: read))
      #expect(try await cleanup.step(from: .init()) == nil)
      let left = try await NotificationStore(database: database).list(
        alice, in: [], before: .max, onlyHighlights: true, limit: 500)
      #expect(left.map(\.streamOrdering) == (121...200).reversed())
      #expect(try await store.load(alice, in: [room], positions: read) == before)
      #expect(before[room]?.main == PushCount(notifications: 80, highlights: 80))

      let all = PushCleanup(
        database: database,
        positions: Read(given: [ReadPosition(room: room, thread: nil, streamOrdering: 200)]))
      #expect(try await all.step(from: .init()) == nil)
      let newest = try await NotificationStore(database: database).list(
        alice, in: [], before: .max, onlyHighlights: true, limit: 500)
      #expect(newest.count == PushCleanup.kept)
    }
  }

  @Test func aWalkOfTheCleanupGoesThroughTheWholeTable() async throws {
    try await TestPostgres.withDatabase(migrations: PushRulesSchema.migrations) { database in
      let users = try (0..<7).map { try #require(UserID("@u\($0):test") as UserID?) }
      let events = users.enumerated().map { mention(Int64($0 + 1), of: $1) }
      _ = try await database.queryAll(PushActions.queries(for: events))
      let cleanup = PushCleanup(database: database, positions: Read(given: []))
      var place: PushCleanup.Place? = .init()
      var steps = 0
      while let next = place, steps < 20 {
        place = try await cleanup.step(from: next, size: 2)
        steps += 1
      }
      #expect(steps == 4)
    }
  }
}
