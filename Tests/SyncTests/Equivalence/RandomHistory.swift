import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import Rooms
import TestKit

/// A few people and their rooms, in which random things happen. Much of it is refused by the
/// rooms' rules, which is fine.
struct RandomHistory {
  let users: [String]
  private(set) var rooms: [RoomID] = []
  private let world: World
  private var count = 0

  init(_ number: Int, _ random: inout SeededRandom, _ world: World) async throws {
    users = ["a", "b", "c"].map { "@\($0)\(number):a.example" }
    self.world = world
    for _ in 0...random.below(2) {
      rooms.append(
        try await world.makeRoom(
          random.pick([.publicChat, .privateChat]), name: random.chance(20) ? "named" : nil,
          by: users[0]))
    }
  }

  mutating func goOn(_ random: inout SeededRandom) async throws {
    let (room, user) = (random.pick(rooms), random.pick(users))
    count += 1
    switch random.below(100) {
    case 0..<35: await say(random.pick([1, 1, 2, 4, 9, 40]), room, user, &random)
    case 35..<45: await set("m.room.topic", "", ["topic": .string("t\(count)")], room, users[0])
    case 45..<50: await set("m.room.name", "", ["name": random.pick(["", "n"])], room, users[0])
    case 50..<55:
      await set("org.example.kept", "\(count % 3)", ["n": .integer(Int64(count))], room, users[0])
    case 55..<59:
      let rule: JSON = ["join_rule": random.pick(["public", "invite", "knock"])]
      await set("m.room.join_rules", "", rule, room, users[0])
    case 59..<63:
      let setting: JSON = [
        "history_visibility": random.pick(["shared", "joined", "invited", "world_readable"])
      ]
      await set("m.room.history_visibility", "", setting, room, users[0])
    case 63..<68: try await redact(room, user, &random)
    default: await changeMembership(room, user, &random)
    }
  }

  private func changeMembership(
    _ room: RoomID, _ user: String, _ random: inout SeededRandom
  ) async {
    // The owner stays, so that something goes on happening.
    let target = random.pick(Array(users.dropFirst()))
    switch random.below(100) {
    case 0..<40: await member(user, "join", room, user, name: "n\(count % 4)")
    case 40..<62: await member(target, "invite", room, users[0])
    case 62..<76: await member(target, "leave", room, target)
    case 76..<85: await member(target, "leave", room, users[0])
    case 85..<91: await member(target, "ban", room, users[0])
    default: await member(target, "knock", room, target)
    }
  }

  private func say(
    _ messages: Int, _ room: RoomID, _ user: String, _ random: inout SeededRandom
  ) async {
    guard let sender = UserID(user) else { return }
    let intents = (0..<messages).map { number in
      var content: JSON = ["body": .string("m\(count)-\(number)")]
      if random.chance(30) { content["url"] = "mxc://a/b" }
      return EventIntent(type: "m.room.message", sender: sender, content: content.bytes)
    }
    _ = try? await world.write(intents, in: room)
  }

  private func set(
    _ type: String, _ key: String, _ content: JSON, _ room: RoomID, _ user: String
  ) async {
    _ = try? await world.set(type, key, content, in: room, by: user)
  }

  private func member(
    _ user: String, _ membership: String, _ room: RoomID, _ sender: String, name: String? = nil
  ) async {
    _ = try? await world.member(user, membership, in: room, by: sender, name: name)
  }

  private func redact(
    _ room: RoomID, _ user: String, _ random: inout SeededRandom
  ) async throws {
    let events = try await world.story(of: room).suffix(12)
    _ = try? await world.redact(random.pick(Array(events)).event.eventID, in: room, by: user)
  }
}
