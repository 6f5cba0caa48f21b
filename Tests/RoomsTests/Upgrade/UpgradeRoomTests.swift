import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import TestKit
import Testing

@testable import Rooms

/// Upgrades that are cut short at any of their steps.
struct UpgradeRoomTests {
  /// Refuses the requests that come after the first ones.
  private struct Failing: EventPersister {
    let persister: any EventPersister
    let left: Locked<Int>

    func persist(_ request: PersistRequest) async throws(PersistError) -> [PersistedEvent] {
      let isAllowed = left.withLock { left in
        left -= 1
        return left >= 0
      }
      guard isAllowed else { throw .unavailable(reason: "cut short") }
      return try await persister.persist(request)
    }

    func close(_ room: RoomID) async throws(PersistError) {
      try await persister.close(room)
    }
  }

  private func upgrade(_ world: World, requests: Int) -> UpgradeRoom {
    let persister = Failing(persister: world.writer, left: Locked(requests))
    let upgrades = UpgradeStore(database: world.database)
    return UpgradeRoom(
      create: world.create, persister: persister,
      rooms: OldRooms(
        states: world.states, events: world.events, memberships: world.memberships,
        upgrades: upgrades),
      aliases: world.aliases, upgrades: upgrades,
      follow: FollowRoom(states: world.states, successions: []), clock: world.clock)
  }

  @Test(arguments: [RoomVersion.v11, .v12], [0, 1, 2, 3])
  func isCarriedOn(_ version: RoomVersion, _ requests: Int) async throws {
    try await withWorld { world in
      let alice = try RoomFixture.user(RoomFixture.alice)
      let room = try await world.makeRoom(.v10)
      try await world.set("m.room.name", "", ["name": "old"], in: room)
      let alias = try present(RoomAlias("#a:a.example"), "alias")
      try await world.directory.add(alias, for: room, by: alice)
      // The room, the tombstone and the levels are three requests.
      let first = upgrade(world, requests: requests)
      if requests < 2 {
        await #expect(throws: RoomError.unavailable("cut short")) {
          try await first.upgrade(room, to: version, additionalCreators: [], by: alice)
        }
      } else {
        _ = try await first.upgrade(room, to: version, additionalCreators: [], by: alice)
      }
      let whole = upgrade(world, requests: .max)
      let made = try await whole.upgrade(room, to: version, additionalCreators: [], by: alice)
      let again = try await whole.upgrade(room, to: version, additionalCreators: [], by: alice)
      #expect(again == made)
      #expect(try await world.number("rooms", "SELECT count(*) FROM rooms") == 2)
      #expect(try await world.aliases.room(named: alias) == made)
      let tombstone = try await world.states.current(room, StateTuple(EventType.tombstone))
      #expect(tombstone?.event.content["replacement_room"]?.string == made.text)
      let name = try await world.states.current(made, StateTuple(EventType.name))
      #expect(name?.event.content["name"]?.string == "old")
      #expect(
        try await world.number(
          "tombstones", "SELECT count(*) FROM events WHERE type = 'm.room.tombstone'") == 1)
    }
  }

  /// All that a room was comes to one request, which must not become too large.
  @Test func longReasonsAreCarriedAsFarAsThereIsRoom() async throws {
    try await withWorld { world in
      let alice = try RoomFixture.user(RoomFixture.alice)
      let room = try await world.makeRoom(.v11)
      let reason = JSON.string(String(repeating: "x", count: 60_000))
      for start in stride(from: 0, to: 80, by: 20) {
        let bans = try (start..<start + 20).map { number in
          try RoomFixture.state(
            "m.room.member", "@b\(number):b.example", ["membership": "ban", "reason": reason],
            by: RoomFixture.alice)
        }
        _ = try await world.writer.persist(PersistRequest(roomID: room, intents: bans))
      }
      let made = try await upgrade(world, requests: .max).upgrade(
        room, to: .v12, additionalCreators: [], by: alice)
      let carried = try await world.memberships.members(of: made, memberships: ["ban"])
      #expect(carried.count == (4 << 20) / 60_000)
    }
  }

  @Test func twoRequestsAtOnce() async throws {
    try await withWorld { world in
      let alice = try RoomFixture.user(RoomFixture.alice)
      let room = try await world.makeRoom(.v10)
      let whole = upgrade(world, requests: .max)
      let made = try await withThrowingTaskGroup(of: RoomID.self) { group in
        for _ in 0..<5 {
          group.addTask {
            try await whole.upgrade(room, to: .v12, additionalCreators: [], by: alice)
          }
        }
        return try await group.reduce(into: Set<RoomID>()) { $0.insert($1) }
      }
      #expect(made.count == 1)
      #expect(try await world.number("rooms", "SELECT count(*) FROM rooms") == 2)
    }
  }
}
