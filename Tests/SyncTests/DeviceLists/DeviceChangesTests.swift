import MatrixIdentifiers
import Rooms
import TestKit
import Testing

@testable import DeviceKeys
@testable import Sync

struct DeviceChangesTests {
  private func texts(_ users: Set<UserID>) -> Set<String> { Set(users.map(\.text)) }

  @Test func devicesAreToldWhereARoomIsShared() async throws {
    try await withDeviceWorld { devices in
      let world = devices.world
      let room = try await world.makeRoom()
      try await world.member(World.bob, "join", in: room)
      for user in [World.alice, World.bob, World.carol] { try await devices.addDevice(of: user) }
      let start = devices.token
      try await devices.changeDevice(of: World.bob)
      #expect(texts(try await devices.find(World.alice, since: start).changed) == [World.bob])
      #expect(texts(try await devices.find(World.bob, since: start).changed) == [World.bob])
      #expect(try await devices.find(World.carol, since: start) == DeviceChanges.Found())
      #expect(
        try await devices.find(World.alice, since: devices.token) == DeviceChanges.Found())
    }
  }

  @Test func signaturesAreToldToTheirSignerOnly() async throws {
    try await withDeviceWorld { devices in
      let world = devices.world
      let room = try await world.makeRoom()
      try await world.member(World.bob, "join", in: room)
      let start = devices.token
      try await devices.sign(World.bob, by: World.alice)
      for changes in [devices.changes, devices.latecomer()] {
        let told = try await devices.find(World.alice, since: start, changes)
        #expect(texts(told.changed) == [World.bob])
        #expect(try await devices.find(World.bob, since: start, changes) == DeviceChanges.Found())
      }
    }
  }

  /// Whoever else is in the room learns of a newcomer by one query in all, and of a message by
  /// none.
  @Test func noQueryForEachMember() async throws {
    let counting = Locked<CountingDatabase?>(nil)
    try await withDeviceWorld(
      through: { database in
        let counted = CountingDatabase(database)
        counting.withLock { $0 = counted }
        return counted
      },
      { devices in
        let database = try present(counting.withLock { $0 }, "database")
        let world = devices.world
        let room = try await world.makeRoom()
        let members = (1...20).map { "@member\($0):a.example" }
        for member in members { try await world.member(member, "join", in: room) }
        var start = devices.token
        for member in members { _ = try await devices.find(member, since: start) }
        _ = database.taken()
        try await world.say("hello", in: room)
        for member in members { _ = try await devices.find(member, since: start) }
        #expect(database.taken() == [])
        start = devices.token
        try await world.member(World.bob, "join", in: room)
        for member in members {
          #expect(texts(try await devices.find(member, since: start).changed) == [World.bob])
        }
        #expect(database.taken() == ["memberships_joined_of_many"])
        try await devices.addDevice(of: World.bob)
        start = devices.token
        try await devices.changeDevice(of: World.bob)
        for member in members {
          #expect(texts(try await devices.find(member, since: start).changed) == [World.bob])
        }
        #expect(database.taken() == [])
      })
  }

  /// Random histories: between any two positions exactly what the rooms' members say, whether it
  /// is remembered or looked up.
  @Test(arguments: 1...6)
  func storiesAreToldExactly(seed: UInt64) async throws {
    try await withDeviceWorld { devices in
      var story = Story(devices, seed: seed)
      try await story.begin()
      for _ in 0..<60 { try await story.step() }
    }
  }
}

/// What happens, and what must be told of it.
private struct Story {
  /// A position and who was where then.
  struct Point {
    let token: DeviceWorld.Token
    let members: [RoomID: Set<String>]
    let changeCount: Int
  }

  static let users = [World.alice, World.bob, World.carol, "@dave:a.example"]

  let devices: DeviceWorld
  private var random: SeededRandom
  private var members: [RoomID: Set<String>] = [:]
  /// Whose devices changed, in order.
  private var changed: [String] = []
  private var points: [Point] = []

  init(_ devices: DeviceWorld, seed: UInt64) {
    self.devices = devices
    random = SeededRandom(seed)
  }

  mutating func begin() async throws {
    for user in Self.users { try await devices.addDevice(of: user) }
    for _ in 0..<3 { members[try await devices.world.makeRoom()] = [World.alice] }
    note()
  }

  mutating func step() async throws {
    let (world, user) = (devices.world, random.pick(Self.users))
    let room = random.pick(members.keys.sorted { $0.text < $1.text })
    let isMember = members[room]?.contains(user) ?? false
    switch random.below(10) {
    case 0...2:
      try await devices.changeDevice(of: user)
      changed.append(user)
    case 3...6 where !isMember:
      try await world.member(user, "join", in: room)
      members[room]?.insert(user)
    case 3...5 where members.values.filter { $0.contains(user) }.count > 0:
      guard isMember, user != World.alice || random.chance(30) else { break }
      try await world.member(user, "leave", in: room)
      members[room]?.remove(user)
    case 6 where isMember:
      try await world.member(user, "join", in: room, name: "name \(random.below(1000))")
    default:
      guard isMember else { break }
      try await world.say("hello", in: room, by: user)
    }
    note()
    try await check()
  }

  private mutating func note() {
    points.append(Point(token: devices.token, members: members, changeCount: changed.count))
  }

  private mutating func check() async throws {
    let since = random.pick(points)
    for user in Self.users {
      let expected = expected(user, since)
      for (way, changes) in [("memory", devices.changes), ("database", devices.latecomer())] {
        let found = try await devices.find(user, since: since.token, changes)
        #expect(Set(found.changed.map(\.text)) == expected.changed, "\(user) by \(way)")
        #expect(Set(found.left.map(\.text)) == expected.left, "\(user) by \(way)")
      }
    }
  }

  private func expected(
    _ user: String, _ since: Point
  ) -> (changed: Set<String>, left: Set<String>) {
    let (earlier, now) = (shared(user, since.members), shared(user, members))
    let changed = Set(changed[since.changeCount...])
    return (
      changed.intersection(now.union([user])).union(now.subtracting(earlier)),
      earlier.subtracting(now)
    )
  }

  private func shared(_ user: String, _ members: [RoomID: Set<String>]) -> Set<String> {
    var others: Set<String> = []
    for room in members.values where room.contains(user) { others.formUnion(room) }
    return others.subtracting([user])
  }
}
