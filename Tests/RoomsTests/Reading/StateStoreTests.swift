import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import TestKit
import Testing

@testable import Rooms

/// The state of rooms against a simple model of it.
struct StateStoreTests {
  typealias State = [StateTuple: EventID]

  /// A room with a random history of state, and its state after each of its events.
  private struct Told {
    let room: RoomID
    var states: [(position: Int64, state: State)] = []
  }

  private static let members = (1...4).map { "@user\($0):a.example" }

  private func randomIntent(_ number: Int, _ random: inout SeededRandom) throws -> EventIntent {
    switch Int.random(in: 0..<4, using: &random) {
    case 0:
      return try RoomFixture.message("m\(number)", by: RoomFixture.alice)
    case 1:
      return try RoomFixture.state(
        "m.room.topic", "", ["topic": .string("t\(number)")], by: RoomFixture.alice)
    case 2:
      let key = ["", "a", "b", "é"].randomElement(using: &random) ?? ""
      return try RoomFixture.state(
        "org.example.kept", key, ["n": .integer(Int64(number))], by: RoomFixture.alice)
    default:
      let user = Self.members.randomElement(using: &random) ?? RoomFixture.bob
      return try RoomFixture.state(
        "m.room.member", user,
        ["membership": random.chance(60) ? "join" : "leave", "n": .integer(Int64(number))],
        by: user)
    }
  }

  private func tell(_ events: Int, seed: UInt64, _ world: World) async throws -> Told {
    var random = SeededRandom(seed)
    var told = Told(room: try await world.makeRoom())
    for number in 0..<events {
      // A member who leaves twice is refused, which is fine.
      _ = try? await world.persist(try randomIntent(number, &random), in: told.room)
    }
    var state: State = [:]
    for stored in try await world.story(of: told.room) {
      if let key = stored.event.stateTuple { state[key] = stored.event.eventID }
      told.states.append((stored.streamOrdering, state))
    }
    return told
  }

  private func ids(_ events: [StoredEvent]) throws -> State {
    var state: State = [:]
    for stored in events {
      let key = try present(stored.event.stateTuple, "state key")
      #expect(state.updateValue(stored.event.eventID, forKey: key) == nil)
    }
    return state
  }

  @Test(arguments: [1, 2, 3] as [UInt64])
  func stateAtEveryPosition(_ seed: UInt64) async throws {
    try await withWorld { world in
      let told = try await tell(60, seed: seed, world)
      let other = try await tell(5, seed: seed + 10, world)
      for (position, state) in told.states {
        #expect(try ids(try await world.states.state(of: told.room, at: position)) == state)
        let members = try await world.states.members(of: told.room, at: position)
        #expect(try ids(members) == state.filter { $0.key.type == "m.room.member" })
      }
      let last = try present(told.states.last?.state, "state")
      #expect(try ids(try await world.states.current([told.room])) == last)
      #expect(
        try ids(try await world.states.members(of: told.room, at: .max))
          == last.filter { $0.key.type == "m.room.member" })
      #expect(try await world.states.state(of: told.room, at: 0).isEmpty)
      let both = try await world.states.current([told.room, other.room])
      #expect(
        both.count == last.count + (try present(other.states.last?.state, "state")).count)
    }
  }

  @Test func someEntriesAtAPosition() async throws {
    try await withWorld { world in
      let told = try await tell(60, seed: 4, world)
      let keys = [
        StateTuple("m.room.topic"), StateTuple("org.example.kept", "é"),
        StateTuple("m.room.member", Self.members[0]), StateTuple("nothing.here"),
      ]
      for (position, state) in told.states {
        let found = try await world.states.state(of: told.room, at: position, keys: keys)
        #expect(try ids(found) == state.filter { keys.contains($0.key) })
      }
      let now = try await world.states.current(keys.map { (told.room, $0) })
      let last = try present(told.states.last?.state, "state")
      #expect(try ids(now) == last.filter { keys.contains($0.key) })
    }
  }

  /// Member events of a user in a room, and which of them ended the last stay.
  @Test(
    arguments: [
      ([], nil), (["join"], nil), (["join", "leave"], 1), (["invite", "leave"], nil),
      (["ban"], nil), (["join", "ban"], 1), (["join", "leave", "ban"], 1),
      (["join", "ban", "leave"], 1), (["join", "leave", "invite", "leave"], 1),
      (["join", "leave", "join", "leave"], 3), (["join", "join", "leave"], 2),
    ] as [([String], Int?)])
  func whereAStayEnded(_ memberships: [String], _ end: Int?) async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      var positions: [Int64] = []
      for (number, membership) in memberships.enumerated() {
        let byAlice = membership == "ban" || membership == "invite"
        let isUnban = membership == "leave" && number > 0 && memberships[number - 1] == "ban"
        let answer = try await world.set(
          "m.room.member", RoomFixture.bob,
          ["membership": .string(membership), "n": .integer(Int64(number))], in: room,
          by: byAlice || isUnban ? RoomFixture.alice : RoomFixture.bob)
        positions.append(answer.streamOrdering)
      }
      let bob = try RoomFixture.user(RoomFixture.bob)
      #expect(
        try await world.states.endOfStay(of: bob, in: room) == end.map { positions[$0] })
    }
  }
}
