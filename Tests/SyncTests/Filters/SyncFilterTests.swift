import MatrixIdentifiers
import MatrixJSON
import Postgres
import Rooms
import Streams
import TestKit
import Testing

@testable import Sync

struct SyncFilterTests {
  private func filter(_ text: String) throws -> SyncFilter {
    try SyncFilter(JSONDocument(Array(text.utf8)).root)
  }

  @Test(arguments: [
    "{}", "{\"room\":{}}", "{\"room\":{\"timeline\":{},\"state\":{}}}",
    "{\"presence\":{\"types\":[]},\"unknown\":7}",
  ])
  func whatIsAbsentHasItsDefault(_ text: String) throws {
    let filter = try filter(text)
    #expect(filter.timelineLimit == SyncFilter.defaultTimelineLimit)
    #expect(!filter.lazyLoadsMembers)
    #expect(!filter.includesLeft)
    #expect(filter.admits(try present(RoomID("!a:b.example"), "room")))
  }

  @Test(
    arguments: [
      (0, 0), (1, 1), (100, 100), (101, 100), (9_007_199_254_740_991, 100),
    ] as [(Int64, Int)])
  func limits(_ asked: Int64, _ given: Int) throws {
    #expect(try filter("{\"room\":{\"timeline\":{\"limit\":\(asked)}}}").timelineLimit == given)
  }

  @Test func flags() throws {
    let filter = try filter(
      "{\"room\":{\"include_leave\":true,\"state\":{\"lazy_load_members\":true}}}")
    #expect(filter.includesLeft && filter.lazyLoadsMembers)
  }

  @Test func theFormOfEvents() throws {
    #expect(try filter("{}").form == .client)
    #expect(try filter("{\"event_fields\":[]}").form == .client)
    #expect(try filter("{\"event_format\":\"client\"}").form == .client)
    #expect(try filter("{\"event_format\":\"federation\"}").form.format == .federation)
    #expect(try filter("{\"event_fields\":[\"type\"]}").form.fields != nil)
  }

  @Test func listsAreBounded() throws {
    let rooms = { (count: Int) in
      "{\"room\":{\"rooms\":[" + (0..<count).map { "\"!\($0):a\"" }.joined(separator: ",") + "]}}"
    }
    #expect(try filter(rooms(FilterPart.listLimit)).rooms?.count == FilterPart.listLimit)
    #expect(throws: EventFilter.Problem.tooLong("room.rooms")) {
      try filter(rooms(FilterPart.listLimit + 1))
    }
    let fields = Array(repeating: "\"a.b\"", count: 201).joined(separator: ",")
    #expect(throws: EventFilter.Problem.tooLong("event_fields")) {
      try filter("{\"event_fields\":[\(fields)]}")
    }
  }

  @Test(arguments: [
    ("{\"rooms\":[\"!a:b\"]}", true, false), ("{\"rooms\":[]}", false, false),
    ("{\"not_rooms\":[\"!a:b\"]}", false, true),
    ("{\"rooms\":[\"!a:b\",\"!c:d\"],\"not_rooms\":[\"!c:d\"]}", true, false),
  ])
  func rooms(_ text: String, _ first: Bool, _ second: Bool) throws {
    let filter = try filter("{\"room\":\(text)}")
    #expect(filter.admits(try present(RoomID("!a:b"), "room")) == first)
    #expect(filter.admits(try present(RoomID("!c:d"), "room")) == second)
  }

  @Test(arguments: [
    "[]", "1", "null", "{\"room\":[]}", "{\"room\":null}", "{\"room\":{\"rooms\":\"!a:b\"}}",
    "{\"room\":{\"rooms\":[1]}}", "{\"room\":{\"not_rooms\":{}}}",
    "{\"room\":{\"include_leave\":\"true\"}}", "{\"room\":{\"include_leave\":1}}",
    "{\"room\":{\"timeline\":[]}}", "{\"room\":{\"timeline\":{\"limit\":-1}}}",
    "{\"room\":{\"timeline\":{\"limit\":1.5}}}", "{\"room\":{\"timeline\":{\"limit\":\"5\"}}}",
    "{\"room\":{\"timeline\":{\"limit\":99999999999999999999}}}",
    "{\"room\":{\"state\":1}}", "{\"room\":{\"state\":{\"lazy_load_members\":0}}}",
    "{\"event_format\":\"xml\"}", "{\"event_format\":1}", "{\"event_fields\":\"type\"}",
    "{\"event_fields\":[1]}", "{\"presence\":{\"senders\":[\"bob\"]}}",
    "{\"room\":{\"rooms\":[\"#alias:b\"]}}", "{\"room\":{\"ephemeral\":{\"not_rooms\":[\"x\"]}}}",
    "{\"room\":{\"account_data\":{\"not_senders\":[\"!a:b\"]}}}",
  ])
  func whatIsOfTheWrongKindIsRefused(_ text: String) {
    #expect(throws: EventFilter.Problem.self) { try filter(text) }
  }
}

struct FilterStoreTests {
  private func withStore(
    _ body: @Sendable (FilterStore, UserID, UserID) async throws -> Void
  ) async throws {
    let (alice, bob) = (
      try present(UserID(World.alice), "user"), try present(UserID(World.bob), "user")
    )
    try await TestPostgres.withDatabase(migrations: World.migrations) { database in
      try await body(FilterStore(database: database), alice, bob)
    }
  }

  @Test func aFilterKeepsItsId() async throws {
    try await withStore { store, alice, bob in
      let (one, two) = (Array("{\"a\":1}".utf8), Array("{\"a\":2}".utf8))
      let first = try await store.add(one, for: alice)
      let second = try await store.add(two, for: alice)
      #expect(first != second)
      #expect(try await store.add(one, for: alice) == first)
      #expect(try await store.add(two, for: alice) == second)
      let others = try await store.add(two, for: bob)
      #expect(try await store.definition(first, of: alice) == one)
      #expect(try await store.definition(second, of: alice) == two)
      #expect(try await store.definition(others, of: bob) == two)
      #expect(try await store.definition(second + 1, of: alice) == nil)
      #expect(try await store.definition(-1, of: alice) == nil)
      #expect(try await store.definition(max(second, others + 1), of: bob) == nil)
    }
  }

  @Test func theSameFilterManyTimesAtOnceGetsOneId() async throws {
    try await withStore { store, alice, _ in
      let ids = try await withThrowingTaskGroup(of: Int64.self) { group in
        for _ in 0..<40 { group.addTask { try await store.add(Array("{}".utf8), for: alice) } }
        return try await group.reduce(into: Set()) { $0.insert($1) }
      }
      #expect(ids.count == 1)
    }
  }

  @Test func differentFiltersAtOnceGetTheirOwnIds() async throws {
    try await withStore { store, alice, _ in
      let ids = try await withThrowingTaskGroup(of: (Int, Int64).self) { group in
        for number in 0..<60 {
          group.addTask {
            (number, try await store.add(Array("{\"n\":\(number)}".utf8), for: alice))
          }
        }
        return try await group.reduce(into: [Int64: Int]()) { $0[$1.1] = $1.0 }
      }
      #expect(ids.count == 60)
      for (id, number) in ids {
        let definition = try await store.definition(id, of: alice)
        #expect(definition == Array("{\"n\":\(number)}".utf8))
      }
    }
  }
}

extension FilterStoreTests {
  @Test func filtersAreBounded() async throws {
    let alice = try present(UserID(World.alice), "user")
    let bob = try present(UserID(World.bob), "user")
    let limit = Int64(FilterStore.limit)
    try await TestPostgres.withDatabase(migrations: World.migrations) { database in
      let fill = Statement(
        "test_fill_filters",
        """
        INSERT INTO user_filters (user_id, filter_id, definition)
        SELECT $1, n, convert_to(n::text, 'UTF8') FROM generate_series(0, $2::bigint - 1) AS n
        """)
      _ = try await database.query(fill, [.text(alice.text), .int(limit - 1)])
      let store = FilterStore(database: database)
      #expect(try await store.add(Array("{}".utf8), for: alice) == limit - 1)
      await #expect(throws: FilterStore.Failure.tooMany) {
        try await store.add(Array("{\"a\":1}".utf8), for: alice)
      }
      // What is there already keeps its id, and others have their own.
      #expect(try await store.add(Array("7".utf8), for: alice) == 7)
      #expect(try await store.add(Array("{}".utf8), for: bob) == 0)
    }
  }
}

struct SyncTokenTests {
  @Test(
    arguments: [
      "s7_0_0_0_0_0_0_0", "s7~2.9_1_2_3_4_5_6_7", "s0_0_0_0_0_0_0_9",
      "s7~1.8~2.9_3~2.5_0_0_0_0_0_0", "s7_1_2_3_4_5_6_7_k0", "s7_1_2_3_4_5_6_7_kffffffffffffffff",
    ])
  func tokensComeBack(_ text: String) throws {
    #expect(try present(SyncToken(text), "token").text == text)
  }

  /// Streams may be added to tokens, and clients keep tokens over an upgrade.
  @Test func tokensOfOtherVersionsAreRead() throws {
    #expect(SyncToken("s7~2.9_4_5") == SyncToken("s7~2.9_4_5_0_0_0_0_0"))
    #expect(SyncToken("s7_4_kff")?.text == "s7_4_0_0_0_0_0_0_kff")
    #expect(SyncToken("s7_1_2_3_4_5_6_7_8") == SyncToken("s7_1_2_3_4_5_6_7"))
    #expect(try present(SyncToken("s7_4"), "token")[.accountData] == VectorToken(minimum: 4))
  }

  @Test(arguments: [
    ("s9_5_5_5_5_5_5_5", "s7_4_6_5_5_5_9_0", "s9_5_6_5_5_5_9_5"),
    ("s9_3~1.8_0_0_0_0_0_0", "s7_3~1.9_0_0_0_0_0_0", "s9_3~1.9_0_0_0_0_0_0"),
    ("s9_0_0_0_0_0_0_0_kff", "s7_0_0_0_0_0_0_0_kee", "s9_0_0_0_0_0_0_0_kff"),
  ])
  func tokensDoNotGoBack(_ own: String, _ other: String, _ expected: String) throws {
    let token = try present(SyncToken(own), "token").notBehind(
      try present(SyncToken(other), "token"))
    #expect(token.text == expected)
  }

  @Test(arguments: [
    "s7_x", "s7_", "", "s", "7", "t7", "sx", "s7~", "s7~2", "s7~2.x", "s-7", "s7 ", "S7", "s7_k",
    "s7_kx", "s7_k1_2", "s7_k10000000000000000",
  ])
  func otherTextsAreNone(_ text: String) {
    #expect(SyncToken(text) == nil)
  }
}
