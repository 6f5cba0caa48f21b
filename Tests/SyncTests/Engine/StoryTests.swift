import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import Rooms
import TestKit
import Testing

@testable import Sync

/// Random histories: whatever happens, and however often a client asks which worker, the sum of
/// what it is told is what happened.
struct StoryTests {
  private static let users = [World.alice, World.bob, World.carol]

  /// Something that a user does; much of it is refused by the rooms' rules, which is fine.
  private func act(
    _ number: Int, in rooms: [RoomID], _ random: inout SeededRandom, _ world: World
  ) async throws {
    let room = rooms.randomElement(using: &random) ?? rooms[0]
    let user = Self.users.randomElement(using: &random) ?? World.alice
    let target = Self.users.randomElement(using: &random) ?? World.bob
    switch Int.random(in: 0..<100, using: &random) {
    case 0..<45: _ = try? await world.say("m\(number)", in: room, by: user)
    case 45..<55:
      _ = try? await world.set(
        "m.room.topic", "", ["topic": .string("t\(number)")], in: room, by: World.alice)
    case 55..<60:
      _ = try? await world.set(
        "org.example.kept", "\(number % 3)", ["n": .integer(Int64(number))], in: room,
        by: World.alice)
    case 60..<68: _ = try? await world.member(user, "join", in: room, name: "n\(number % 4)")
    case 68..<75: _ = try? await world.member(target, "invite", in: room, by: user)
    case 75..<82 where user != World.alice: _ = try? await world.member(user, "leave", in: room)
    case 82..<85 where target != World.alice:
      _ = try? await world.member(target, "leave", in: room, by: World.alice)
    case 85..<88 where target != World.alice:
      _ = try? await world.member(target, "ban", in: room, by: World.alice)
    case 88..<94:
      let events = try await world.story(of: room).suffix(20)
      guard let victim = events.randomElement(using: &random) else { return }
      _ = try? await world.redact(victim.event.eventID, in: room, by: user)
    default:
      // A burst, longer than memory is.
      let count = [1, 8, 40].randomElement(using: &random) ?? 1
      for step in 0..<count { _ = try? await world.say("m\(number)-\(step)", in: room, by: user) }
    }
  }

  @Test(arguments: (1...12).map { UInt64($0) } as [UInt64])
  func theSumOfTheAnswersIsTheStory(_ seed: UInt64) async throws {
    try await withTwoWorkers { world, other in
      var random = SeededRandom(seed)
      let rooms = [
        try await world.makeRoom(), try await world.makeRoom(.privateChat),
        try await world.makeRoom(name: "named"),
      ]
      var clients: [TrackingClient] = []
      for user in Self.users {
        clients += [
          try TrackingClient(user, limit: 1), try TrackingClient(user, limit: 10),
          try TrackingClient(user, limit: 60),
          try TrackingClient(user, limit: 10, lazy: true),
          try TrackingClient(user, limit: 50, lazy: true),
        ]
      }
      for number in 0..<60 {
        try await act(number, in: rooms, &random, world)
        try await other.catchUp(with: world.main)
        for index in clients.indices where random.chance(15) {
          let worker = random.chance(50) ? world.main : other
          try await clients[index].sync(worker, fullState: random.chance(5), world)
          try await clients[index].check(world)
        }
      }
      for index in clients.indices {
        try await clients[index].sync(other, world)
        try await clients[index].check(world)
      }
    }
  }

  /// While events are being written, a client that polls gets each of them once and in order.
  @Test func aPollingClientMissesNothing() async throws {
    let messages = 150
    try await withTwoWorkers { world, other in
      let room = try await world.makeRoom()
      let first = try await world.main.sync(World.alice)
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          try await withThrowingTaskGroup(of: Void.self) { writers in
            for number in 0..<messages {
              writers.addTask { try await world.say("m\(number)", in: room) }
            }
            try await writers.waitForAll()
          }
        }
        for worker in [world.main, other] {
          group.addTask {
            var (since, told) = (first.next, [String]())
            while told.count < messages {
              let answer = try await worker.sync(
                World.alice, since: since, timeout: .seconds(30),
                filter: try SyncFilter(limit: 100))
              since = answer.next
              guard let joined = answer.joined(room) else { break }
              #expect(!joined.isLimited || joined.timeline.count == 100)
              if joined.isLimited {
                // As a client does: the rest is fetched.
                let gap = try await world.history.page(
                  of: room, for: try world.user(World.alice),
                  from: joined.previousBatch.flatMap { HistoryToken($0) }, to: nil, .backwards,
                  limit: 1000)
                let known = Set(told)
                let rest = gap.events.reversed().compactMap {
                  $0.event.content["body"]?.string
                }
                told += rest.filter { !known.contains($0) }
              }
              told += joined.bodies
            }
            let story = try await world.story(of: room).compactMap {
              $0.event.content["body"]?.string
            }
            #expect(told == story)
          }
        }
        try await group.waitForAll()
      }
    }
  }
}
