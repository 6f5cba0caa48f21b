import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import StateResolution

/// Two forks, with all that their resolution needs.
private struct Fork {
  let version: RoomVersion
  let states: [StateMap]
  let events: ResolutionEvents
  let graph: AuthGraph

  init(_ room: Room, _ states: [StateMap]) throws {
    version = room.version
    self.states = states
    events = ResolutionEvents(room.events.values)
    graph = try AuthGraph(room.events.values)
  }

  func resolved() throws -> Int {
    try resolve(states, version: version, events: events, graph: graph).count
  }
}

/// Two forks of a room of 10,000 members that differ in ten events.
private func smallDifference(_ version: RoomVersion) throws -> Fork {
  var room = try Room(version, members: 10_000)
  var left = room.state
  var right = room.state
  let member = Room.member
  try room.send(EventType.member, member(5), ["membership": "ban"], to: &left)
  try room.send(EventType.topic, "", ["topic": "left"], to: &left)
  for number in 10..<13 {
    let profile: JSON = ["membership": "join", "displayname": "left"]
    try room.send(EventType.member, member(number), profile, by: member(number), to: &left)
  }
  try room.send(EventType.member, member(6), ["membership": "leave"], to: &right)
  try room.send(EventType.powerLevels, "", room.levels([member(7): 50]), to: &right)
  try room.send(EventType.name, "", ["name": "right"], by: member(7), to: &right)
  for number in [5, 20] {
    let profile: JSON = ["membership": "join", "displayname": "right"]
    try room.send(EventType.member, member(number), profile, by: member(number), to: &right)
  }
  return try Fork(room, [left, right])
}

/// Two forks with 50 changes of the power levels and 50 bans each, by two moderators.
private func powerDifference(_ version: RoomVersion) throws -> Fork {
  var room = try Room(version, members: 102)
  let moderators: [String: JSON] = [Room.member(100): 90, Room.member(101): 90]
  var base = room.state
  try room.send(EventType.powerLevels, "", room.levels(moderators), to: &base)
  var states = [base, base]
  for side in 0..<2 {
    let moderator = Room.member(100 + side)
    var users = moderators
    for number in 0..<50 {
      users["@person\(side)-\(number):example.org"] = 10
      try room.send(
        EventType.powerLevels, "", room.levels(users), by: moderator, to: &states[side])
      try room.send(
        EventType.member, Room.member(side * 50 + number), ["membership": "ban"], by: moderator,
        to: &states[side])
    }
  }
  return try Fork(room, states)
}

let stateBenchmarks: [Benchmark] =
  resolutionBenchmarks + [
    // What the other rows find ready: the writer has the index in the database instead.
    Benchmark("state/auth-graph-10k-members") {
      let events = Array(try Room(.v12, members: 10_000).events.values)
      return { try AuthGraph(events).count }
    }
  ]

private let resolutionBenchmarks: [Benchmark] = [
  (RoomVersion.v11, ""), (RoomVersion.v12, "-v12"),
].flatMap { version, suffix in
  [
    Benchmark("state/ten-differences-10k-members\(suffix)") {
      let fork = try smallDifference(version)
      return { try fork.resolved() }
    },
    Benchmark("state/200-power-events\(suffix)") {
      let fork = try powerDifference(version)
      return { try fork.resolved() }
    },
  ]
}
