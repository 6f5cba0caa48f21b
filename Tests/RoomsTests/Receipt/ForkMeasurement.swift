import Glibc
import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import TestKit
import Testing

@testable import Rooms

/// What it costs the writer of a large room that two forks of it meet: the way from the database
/// and back. It takes minutes: set `APUS_MEASURE`, and build for release to get times that mean
/// something.
@Suite(.serialized, .enabled(if: getenv("APUS_MEASURE") != nil))
struct ForkMeasurement {
  private static let members = 10_000
  private static let rounds = 10
  /// Events in one request.
  private static let portion = 500
  /// Milliseconds of CPU, of this process and the database's, for an event at which forks that
  /// differ in ten events meet.
  private static let limit = 20.0

  @Test(arguments: [RoomVersion.v11, .v12])
  func twoForksOfALargeRoomMeet(_ version: RoomVersion) async throws {
    try await withWorld { world in
      var room = LargeForkedRoom(version)
      try await room.begin(members: Self.members, portion: Self.portion, world)
      let server = try await CPUClock.server(world.database)
      var (own, theirs, largest) = (0.0, 0.0, 0.0)
      for round in 0..<Self.rounds {
        let ends = try await room.fork(round, world)
        let event = try await room.meeting(ends, world)
        let before = (CPUClock.own.milliseconds, server.milliseconds)
        try await room.receive([event], world)
        let spent = (
          CPUClock.own.milliseconds - before.0, server.milliseconds - before.1
        )
        (own, theirs) = (own + spent.0, theirs + spent.1)
        largest = max(largest, spent.0 + spent.1)
      }
      let count = Double(Self.rounds)
      print(
        "room version \(version): forks meet in \(own / count) ms here, \(theirs / count) in",
        "Postgres, \(largest) at most")
      #if !DEBUG
        #expect((own + theirs) / count < Self.limit)
      #endif
    }
  }
}

private struct LargeForkedRoom {
  static let creator = "@creator:a"

  let maker: PDUMaker
  private var state: [StateTuple: EventID] = [:]
  private var end: EventID?
  private var count = 0

  init(_ version: RoomVersion) {
    maker = PDUMaker(version, creator: Self.creator)
  }

  private static func member(_ number: Int) -> String { "@member\(number):b" }

  private mutating func make(
    _ sender: String, _ type: String, _ key: String?, _ content: JSON, on previous: [EventID],
    _ state: inout [StateTuple: EventID]
  ) throws -> Event {
    count += 1
    var draft = PDUMaker.Draft(sender: sender, type: type, stateKey: key, content: content)
    draft.previous = previous
    draft.depth = Int64(count + 1)
    draft.timestamp = Int64(1000 + count)
    let known = state
    let event = try maker.make(draft, named: "e\(count)") { known[$0] }
    if let key = event.stateTuple { state[key] = event.eventID }
    return event
  }

  func receive(_ events: [Event], _ world: World) async throws {
    let outcomes = try await world.writer.receive(
      ReceiveRequest(
        roomID: try maker.room, version: maker.version,
        events: events.map { ReceivedEvent(event: $0, kind: .live) }))
    for outcome in outcomes { try #require(outcome == .stored(.accepted)) }
  }

  mutating func begin(members: Int, portion: Int, _ world: World) async throws {
    let create = try maker.createEvent()
    state[.create] = create.eventID
    var events = [create]
    func last() throws -> [EventID] { [try present(events.last?.eventID, "event")] }
    let users: JSON = maker.version.rules.creatorsArePrivileged ? [:] : [Self.creator: 100]
    let beginning: [(String, String, JSON)] = [
      (EventType.member, Self.creator, ["membership": "join"]),
      (EventType.powerLevels, "", ["users": users]),
      (EventType.joinRules, "", ["join_rule": "public"]),
    ]
    // Taken out for as long as it changes.
    var first = state
    for (type, key, content) in beginning {
      events.append(try make(Self.creator, type, key, content, on: last(), &first))
    }
    for number in 0..<members {
      let user = Self.member(number)
      events.append(
        try make(user, EventType.member, user, ["membership": "join"], on: last(), &first))
    }
    state = first
    end = events.last?.eventID
    var rest = events[...]
    while !rest.isEmpty {
      try await receive(Array(rest.prefix(portion)), world)
      rest = rest.dropFirst(portion)
    }
  }

  /// Two forks of five state events each, power levels among them.
  mutating func fork(_ round: Int, _ world: World) async throws -> [EventID] {
    var ends: [EventID] = []
    let start = [try present(end, "end")]
    for side in 0..<2 {
      var (fork, last) = (state, start)
      let users: [String: JSON] = [
        Self.creator: 100, Self.member(round * 10 + side): .integer(Int64(10 + round)),
      ]
      let levels =
        maker.version.rules.creatorsArePrivileged
        ? users.filter { $0.key != Self.creator } : users
      let changes: [(String, String, JSON)] = [
        (EventType.powerLevels, "", ["users": .object(levels)]),
        (EventType.topic, "", ["topic": .integer(Int64(round))]),
        (EventType.member, Self.member(round * 10 + 2 + side), ["membership": "ban"]),
        (EventType.member, Self.member(round * 10 + 4), ["membership": "leave"]),
        (EventType.name, "", ["name": .integer(Int64(side))]),
      ]
      var events: [Event] = []
      for (type, key, content) in changes {
        let event = try make(Self.creator, type, key, content, on: last, &fork)
        events.append(event)
        last = [event.eventID]
      }
      try await receive(events, world)
      ends += last
    }
    return ends
  }

  /// An event that builds on both forks.
  mutating func meeting(_ ends: [EventID], _ world: World) async throws -> Event {
    let head = try present(
      try await WriterStore(database: world.database).loadHeads([try maker.room]).first, "head")
    var current: [StateTuple: EventID] = [:]
    let numbers = head.state.mapValues(\.number)
    let keys: [StateTuple] = [.create, .powerLevels, StateTuple(EventType.member, Self.creator)]
    let store = InboundStore(
      database: world.database, room: try maker.room, version: maker.version)
    for loaded in try await store.loaded(keys.compactMap { numbers[$0] }) {
      if let key = loaded.event.stateTuple { current[key] = loaded.event.eventID }
    }
    var ignored = current
    let event = try make(
      Self.creator, EventType.message, nil, ["body": "met"], on: ends, &ignored)
    end = event.eventID
    state.merge(current) { $1 }
    return event
  }
}
