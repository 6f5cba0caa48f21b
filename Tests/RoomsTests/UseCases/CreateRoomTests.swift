import Executors
import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import TestKit
import Testing

@testable import Rooms

struct CreateRoomTests {
  private static let carol = "@carol:a.example"

  private func create(
    _ world: World, _ change: (inout RoomOptions) throws -> Void
  ) async throws -> (room: RoomID, alias: RoomAlias?) {
    var options = RoomOptions()
    try change(&options)
    return try await world.create.create(options, by: try RoomFixture.user(RoomFixture.alice))
  }

  private func content(
    _ type: String, _ key: String = "", of room: RoomID, _ world: World
  ) async throws -> JSON? {
    try await world.states.current(room, StateTuple(type, key)).map { JSON($0.event.content) }
  }

  @Test(
    arguments: [
      (.privateChat, "invite", "can_join", 0), (.trustedPrivateChat, "invite", "can_join", 0),
      (.publicChat, "public", nil, 50),
    ] as [(RoomOptions.Preset, String, String?, Int64)], RoomFixture.versions)
  func presets(
    _ preset: (preset: RoomOptions.Preset, joinRule: String, guests: String?, invite: Int64),
    _ version: RoomVersion
  ) async throws {
    try await withWorld { world in
      let room = try await create(world) { options in
        options.preset = preset.preset
        options.version = version
      }.room
      #expect(
        try await content("m.room.join_rules", of: room, world)
          == ["join_rule": .string(preset.joinRule)])
      #expect(
        try await content("m.room.history_visibility", of: room, world)
          == ["history_visibility": "shared"])
      #expect(
        try await content("m.room.guest_access", of: room, world)
          == preset.guests.map { ["guest_access": .string($0)] })
      let levels = try await content("m.room.power_levels", of: room, world)
      #expect(levels?["invite"]?.integer == preset.invite)
      let member = try await content("m.room.member", RoomFixture.alice, of: room, world)
      #expect(member == ["membership": "join"])
    }
  }

  @Test(
    arguments: [
      (.v10, [RoomFixture.alice: 100], 100), (.v11, [RoomFixture.alice: 100], 100),
      (.v12, [:], 150),
    ] as [(RoomVersion, [String: Int64], Int64)])
  func powerLevels(_ version: RoomVersion, _ users: [String: Int64], _ tombstone: Int64)
    async throws
  {
    try await withWorld { world in
      let room = try await create(world) { $0.version = version }.room
      let levels = try await content("m.room.power_levels", of: room, world)
      #expect(levels?["users"]?.object?.compactMapValues(\.integer) == users)
      #expect(levels?["events"]?["m.room.tombstone"]?.integer == tombstone)
      #expect(levels?["events"]?["m.room.power_levels"]?.integer == 100)
      #expect(levels?["state_default"]?.integer == 50)
      let create = try await content("m.room.create", of: room, world)
      #expect(create?["room_version"]?.string == version.id)
      #expect(create?["creator"]?.string == (version == .v10 ? RoomFixture.alice : nil))
      #expect((room.serverName == nil) == (version == .v12))
      // Whoever made the room may change its levels.
      try await world.set(
        "m.room.power_levels", "", try present(levels, "levels").adding("ban", 60), in: room)
    }
  }

  @Test(arguments: RoomFixture.versions)
  func trustedUsersAreAsMightyAsTheCreator(_ version: RoomVersion) async throws {
    try await withWorld { world in
      let room = try await create(world) { options in
        options.preset = .trustedPrivateChat
        options.version = version
        options.invites = [try RoomFixture.user(RoomFixture.bob)]
      }.room
      let create = try await content("m.room.create", of: room, world)
      let levels = try await content("m.room.power_levels", of: room, world)
      if version == .v12 {
        #expect(create?["additional_creators"] == [.string(RoomFixture.bob)])
        #expect(levels?["users"] == [:])
      } else {
        #expect(create?["additional_creators"] == nil)
        #expect(levels?["users"]?[RoomFixture.bob]?.integer == 100)
      }
      try await world.member(RoomFixture.bob, "join", in: room)
      try await world.set(
        "m.room.power_levels", "", try present(levels, "levels").adding("ban", 60), in: room,
        by: RoomFixture.bob)
    }
  }

  @Test func initialStateTakesThePlaceOfThePresets() async throws {
    try await withWorld { world in
      let room = try await create(world) { options in
        options.preset = .privateChat
        options.name = "by name"
        options.initialState = [
          .init(
            type: "m.room.history_visibility", stateKey: "",
            content: ["history_visibility": "joined"]),
          .init(type: "m.room.name", stateKey: "", content: ["name": "by state"]),
          .init(type: "m.room.join_rules", stateKey: "", content: ["join_rule": "knock"]),
          .init(type: "org.example.own", stateKey: "k", content: ["a": 1]),
        ]
      }.room
      #expect(
        try await content("m.room.history_visibility", of: room, world)
          == ["history_visibility": "joined"])
      #expect(try await content("m.room.join_rules", of: room, world) == ["join_rule": "knock"])
      #expect(
        try await content("m.room.guest_access", of: room, world) == ["guest_access": "can_join"])
      #expect(try await content("org.example.own", "k", of: room, world) == ["a": 1])
      #expect(try await content("m.room.name", of: room, world) == ["name": "by name"])
      let types = try await world.story(of: room).map(\.event.type)
      #expect(types.filter { $0 == "m.room.history_visibility" }.count == 1)
      #expect(
        types.prefix(3) == ["m.room.create", "m.room.member", "m.room.power_levels"])
    }
  }

  @Test func optionsBecomeState() async throws {
    try await withWorld { world in
      let (room, alias) = try await create(world) { options in
        options.aliasName = "lobby"
        options.name = "Lobby"
        options.topic = "All of it"
        options.isDirect = true
        options.invites = [
          try RoomFixture.user(RoomFixture.bob), try RoomFixture.user(Self.carol),
          try RoomFixture.user(RoomFixture.bob), try RoomFixture.user(RoomFixture.alice),
        ]
        options.creationContent = ["type": "m.space", "creator": "@x:y", "room_version": "1"]
        options.powerLevelOverride = ["events_default": 5]
      }
      #expect(alias?.text == "#lobby:a.example")
      let named = try present(alias, "alias")
      #expect(try await world.aliases.room(named: named) == room)
      #expect(
        try await content("m.room.canonical_alias", of: room, world)
          == ["alias": "#lobby:a.example"])
      #expect(try await content("m.room.name", of: room, world) == ["name": "Lobby"])
      let topic = try await content("m.room.topic", of: room, world)
      #expect(topic?["topic"]?.string == "All of it")
      #expect(
        topic?["m.topic"]?["m.text"]?.array?.first?["body"]?.string == "All of it")
      for user in [RoomFixture.bob, Self.carol] {
        #expect(
          try await content("m.room.member", user, of: room, world)
            == ["membership": "invite", "is_direct": true])
      }
      let create = try await content("m.room.create", of: room, world)
      #expect(create == ["type": "m.space", "room_version": "12"])
      let levels = try await content("m.room.power_levels", of: room, world)
      #expect(levels?["events_default"]?.integer == 5)
      let members = try await world.memberships.members(of: room, memberships: ["join"])
      #expect(members.map(\.userID.text) == [RoomFixture.alice])
      #expect(
        try await world.story(of: room).filter { $0.event.type == "m.room.member" }.count == 3)
    }
  }

  @Test func profilesAreTold() async throws {
    try await withWorld { world in
      try await world.run(
        """
        INSERT INTO users (user_id, created_at, displayname, avatar_url) VALUES
        ('@alice:a.example', 0, 'Alice', 'mxc://a/b'), ('@bob:a.example', 0, 'Bob', NULL)
        """)
      let room = try await create(world) {
        $0.invites = [try RoomFixture.user(RoomFixture.bob)]
      }.room
      #expect(
        try await content("m.room.member", RoomFixture.alice, of: room, world)
          == ["membership": "join", "displayname": "Alice", "avatar_url": "mxc://a/b"])
      #expect(
        try await content("m.room.member", RoomFixture.bob, of: room, world)
          == ["membership": "invite", "displayname": "Bob"])
    }
  }

  @Test func aTakenAliasMakesNoRoom() async throws {
    try await withWorld { world in
      let first = try await create(world) { $0.aliasName = "a" }
      await #expect(throws: RoomError.aliasTaken) {
        try await create(world) { $0.aliasName = "a" }
      }
      #expect(try await world.number("rooms", "SELECT count(*) FROM rooms") == 1)
      let alias = try present(first.alias, "alias")
      #expect(try await world.aliases.room(named: alias) == first.room)
    }
  }

  /// Nobody knows whether the room came to be, so its name waits for it.
  @Test func aWriterThatIsAwayLeavesTheNameForAWhile() async throws {
    try await withWorld { world in
      let creator = CreateRoom(
        persister: Unreachable(), aliases: world.aliases, profiles: world.profiles,
        serverName: world.serverName, signingKey: world.key, clock: world.clock)
      var options = RoomOptions()
      options.aliasName = "a"
      await #expect(throws: RoomError.unavailable("away")) {
        try await creator.create(options, by: try RoomFixture.user(RoomFixture.alice))
      }
      let alias = try present(RoomAlias("#a:a.example"), "alias")
      await #expect(throws: RoomError.unknownAlias) {
        try await world.directory.room(named: alias)
      }
      // In the same millisecond it would be the very same room.
      world.clock.advance(by: 1)
      await #expect(throws: RoomError.aliasTaken) {
        try await create(world) { $0.aliasName = "a" }
      }
      world.clock.advance(by: Int64(AliasStore.reservation / .milliseconds(1)) + 1)
      let room = try await create(world) { $0.aliasName = "a" }.room
      #expect(try await world.directory.room(named: alias) == room)
    }
  }

  @Test func aRoomThatIsRefusedLeavesNothingBehind() async throws {
    try await withWorld { world in
      await #expect(throws: RoomError.self) {
        try await create(world) { options in
          options.aliasName = "a"
          options.initialState = [
            .init(type: "m.room.member", stateKey: "no user", content: ["membership": "join"])
          ]
        }
      }
      for table in ["rooms", "events", "room_heads", "state_slots", "room_aliases"] {
        #expect(try await world.number(table, "SELECT count(*) FROM \(table)") == 0)
      }
      _ = try await create(world) { $0.aliasName = "a" }
    }
  }

  @Test(arguments: ["", "a b", "a:b", "#a", "a\0", "a\u{2003}b"])
  func badAliasNames(_ name: String) async throws {
    try await withWorld { world in
      await #expect(throws: RoomError.invalid("room_alias_name")) {
        try await create(world) { $0.aliasName = name }
      }
      let aliases = try await world.number("aliases", "SELECT count(*) FROM room_aliases")
      #expect(aliases == 0)
    }
  }

  @Test func usersOfOtherServersCannotBeInvited() async throws {
    try await withWorld { world in
      await #expect(throws: RoomError.remoteUser) {
        try await create(world) { $0.invites = [try RoomFixture.user("@bob:b.example")] }
      }
    }
  }

  /// From version 12 on the id is a hash of what is the same in both.
  @Test(arguments: RoomFixture.versions)
  func roomsMadeAtOnceAreDifferent(_ version: RoomVersion) async throws {
    try await withWorld { world in
      async let one = create(world) { $0.version = version }
      async let two = create(world) { $0.version = version }
      async let three = create(world) { $0.version = version }
      let rooms = try await [one.room, two.room, three.room]
      #expect(Set(rooms).count == 3)
      let count = try await world.number("rooms", "SELECT count(*) FROM rooms")
      #expect(count == 3)
    }
  }

  /// Two workers know nothing of each other, and their create events are the same.
  @Test(arguments: RoomFixture.versions)
  func roomsMadeAtOnceByTwoWorkersAreDifferent(_ version: RoomVersion) async throws {
    try await withWorld { world in
      var options = RoomOptions()
      options.version = version
      options.aliasName = "a"
      let worker = CreateRoom(
        persister: world.writer, aliases: world.aliases, profiles: world.profiles,
        serverName: world.serverName, signingKey: world.key, clock: world.clock)
      let alice = try RoomFixture.user(RoomFixture.alice)
      let first = try await world.create.create(options, by: alice)
      options.aliasName = "b"
      let second = try await worker.create(options, by: alice)
      #expect(first.room != second.room)
      #expect(try await world.number("rooms", "SELECT count(*) FROM rooms") == 2)
      for made in [first, second] {
        #expect(try await world.aliases.room(named: try present(made.alias, "alias")) == made.room)
        #expect(try await world.aliases.aliases(of: made.room).count == 1)
      }
    }
  }

  /// Keys that look the same and are not, which a tree of values would take for one.
  @Test func contentIsTakenByItsBytes() async throws {
    try await withWorld { world in
      let text = #"{"a":{"\u00e9":1,"e\u0301":2},"\u00e9":3,"e\u0301":4}"#
      let content = try JSONDocument(Array(text.utf8)).root
      let room = try await create(world) { options in
        options.creationContent = JSONObject(content)
        options.powerLevelOverride = JSONObject(content)
        if let state = try? RoomOptions.State(type: "a", stateKey: "", content: content) {
          options.initialState = [state]
        }
      }.room
      for type in ["m.room.create", "m.room.power_levels", "a"] {
        let event = try present(
          try await world.states.current(room, StateTuple(type)), "event"
        ).event
        #expect(event.content["a"]?.count == 2, "\(type)")
        #expect(event.content["\u{e9}"]?.integer == 3)
        #expect(event.content["e\u{301}"]?.integer == 4)
      }
    }
  }

  @Test func contentWithoutCanonicalFormIsRefused() async throws {
    try await withWorld { world in
      await #expect(throws: RoomError.self) {
        try await create(world) { $0.creationContent = ["a": 1.5] }
      }
      await #expect(throws: RoomError.self) {
        try await create(world) {
          $0.initialState = [.init(type: "a", stateKey: "", content: ["a": 1.5])]
        }
      }
    }
  }
}

private struct Unreachable: EventPersister {
  func close(_ room: RoomID) async throws(PersistError) {
    throw .unavailable(reason: "nobody is there")
  }

  func persist(_ request: PersistRequest) async throws(PersistError) -> [PersistedEvent] {
    throw .unavailable(reason: "away")
  }
}

extension JSON {
  fileprivate func adding(_ key: String, _ value: JSON) -> JSON {
    var copy = self
    copy[key] = value
    return copy
  }
}
