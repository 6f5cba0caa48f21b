import MatrixIdentifiers
import RoomEvents
import Rooms
import TestKit
import Testing

@testable import Sync

/// Whatever happens in the rooms, whatever clients ask for, and whichever worker they ask: the sum
/// of what a client is told, with the gaps filled from history, is what a first answer tells in
/// the end.
struct EquivalenceTests {
  private static let histories = 32

  @Test(arguments: 1...8)
  func theSumOfTheAnswersIsTheFirstAnswer(_ seed: Int) async throws {
    try await withTwoWorkers { world, other in
      var random = SeededRandom(UInt64(seed))
      for number in 0..<Self.histories {
        try await tell(number, "seed \(seed), history \(number)", &random, world, other)
      }
    }
  }

  private func tell(
    _ number: Int, _ name: String, _ random: inout SeededRandom, _ world: World, _ other: Worker
  ) async throws {
    var history = try await RandomHistory(number, &random, world)
    var clients = (0..<3).map { device in
      ModelClient(random.pick(history.users), device: "D\(device)", .random(&random))
    }
    // Some clients come seldom: to them gaps are long.
    let patience = clients.map { _ in random.pick([10, 30, 60]) }
    for _ in 0..<12 {
      try await history.goOn(&random)
      for index in clients.indices where random.chance(patience[index]) {
        let worker = random.chance(50) ? world.main : other
        try await worker.catchUp(with: world.main)
        try await clients[index].sync(worker, fullState: random.chance(5), world)
      }
    }
    try await other.catchUp(with: world.main)
    for index in clients.indices {
      try await clients[index].sync(random.chance(50) ? world.main : other, world)
      try await compare(clients[index], name, world)
    }
  }

  private func compare(_ client: ModelClient, _ name: String, _ world: World) async throws {
    var first = ModelClient(client.user, device: "first", client.kind)
    try await first.sync(world.main, world)
    let about: Comment = "\(name): \(client.user), \(client.kind)"
    #expect(Set(client.rooms.keys) == Set(first.rooms.keys), about)
    #expect(client.invitations == first.invitations, about)
    #expect(client.knocks == first.knocks, about)
    for (id, room) in client.rooms {
      let fresh = try present(first.rooms[id], "room")
      let told = try await whole(room, id, client, world)
      let expected = try await whole(fresh, id, first, world)
      #expect(told == expected, about)
      try await compareState(room, fresh, id, client, about, world)
      if client.kind.conditions.isEmpty {
        for (event, content) in fresh.contents where room.contents[event] != nil {
          #expect(room.contents[event] == content, about)
        }
      }
      #expect(room.joinedCount == fresh.joinedCount, about)
      #expect(room.invitedCount == fresh.invitedCount, about)
      if let heroes = fresh.heroes { #expect(room.heroes == heroes, about) }
    }
  }

  /// All that the client can know of a room's history.
  private func whole(
    _ room: ModelClient.Room, _ id: String, _ client: ModelClient, _ world: World
  ) async throws -> [String] {
    try await client.history(id, from: room.start, to: nil, world).map(\.event.eventID.text)
      + room.timeline
  }

  private func compareState(
    _ room: ModelClient.Room, _ fresh: ModelClient.Room, _ id: String, _ client: ModelClient,
    _ about: Comment, _ world: World
  ) async throws {
    let truth = try await world.state(of: try present(RoomID(id), "room id"))
    for state in [room.state, fresh.state] {
      guard client.kind.isLazy else {
        #expect(state == truth, about)
        continue
      }
      // Fewer members are known, but of those the truth.
      #expect(state.allSatisfy { truth[$0.key] == $0.value }, about)
      #expect(
        truth.keys.allSatisfy { $0.type == "m.room.member" || state[$0] != nil }, about)
    }
  }
}
