import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import TestKit
import Testing

@testable import Rooms

/// A step of a room as one user meets it.
private enum Step: Sendable, Equatable {
  case message
  case setting(HistoryVisibility.Setting)
  case membership(String)

  static let settings: [Character: HistoryVisibility.Setting] = [
    "w": .worldReadable, "s": .shared, "v": .invited, "p": .joined,
  ]
  static let memberships: [Character: String] = [
    "J": "join", "I": "invite", "L": "leave", "B": "ban", "K": "knock",
  ]

  init?(_ letter: Character) {
    if let setting = Self.settings[letter] {
      self = .setting(setting)
    } else if let membership = Self.memberships[letter] {
      self = .membership(membership)
    } else {
      guard letter == "." else { return nil }
      self = .message
    }
  }
}

private struct Story {
  let steps: [Step]

  init(_ text: String) {
    steps = text.compactMap { Step($0) }
  }

  init(_ steps: [Step]) {
    self.steps = steps
  }

  /// The decision that is tested: the step at index n has position 10 n + 10.
  var seen: [Bool] {
    var settings: [HistoryVisibility.Change<HistoryVisibility.Setting>] = []
    var memberships: [HistoryVisibility.Change<String>] = []
    for (index, step) in steps.enumerated() {
      switch step {
      case .message: break
      case .setting(let value):
        settings.append(HistoryVisibility.Change(Int64(10 * index + 10), value))
      case .membership(let value):
        memberships.append(HistoryVisibility.Change(Int64(10 * index + 10), value))
      }
    }
    let history = HistoryVisibility(settings: settings, memberships: memberships)
    return steps.indices.map { history.sees(Int64(10 * $0 + 10)) }
  }

  /// The specification's rules, taken literally and one event at a time.
  var allowed: [Bool] {
    steps.indices.map { index in
      let (before, after) = (values(before: index), values(before: index + 1))
      let joinsLater = steps[index...].dropFirst().contains(.membership("join"))
      switch steps[index] {
      case .message: return rules(after.0, after.1, joinsLater)
      case .setting:
        return rules(before.0, after.1, joinsLater) || rules(after.0, after.1, joinsLater)
      case .membership:
        return rules(after.0, before.1, joinsLater) || rules(after.0, after.1, joinsLater)
      }
    }
  }

  private func values(before end: Int) -> (HistoryVisibility.Setting, String) {
    var (setting, membership) = (HistoryVisibility.Setting.shared, "none")
    for step in steps[..<end] {
      if case .setting(let value) = step { setting = value }
      if case .membership(let value) = step { membership = value }
    }
    return (setting, membership)
  }

  private func rules(
    _ setting: HistoryVisibility.Setting, _ membership: String, _ joinsLater: Bool
  ) -> Bool {
    if setting == .worldReadable { return true }
    if membership == "join" { return true }
    if setting == .shared, joinsLater { return true }
    return membership == "invite" && setting == .invited
  }
}

struct HistoryVisibilityTests {
  /// Stories with what is seen of them. Settings: w(orld readable), s(hared), (in)v(ited),
  /// p(resent members); the user's membership: J, I, L, B, K; a message: a full stop. Before its
  /// first setting a room is shared, under which that event itself is seen by later members.
  @Test(
    arguments: [
      ("...", "---"), ("..J.", "++++"), ("w..", "+++"), (".w.s.", "-+++-"),
      ("s.J.L.", "+++++-"), ("s.J.L.J.", "++++++++"), ("p.J.L.J.", "+-+++-++"),
      ("p.I.J.", "+---++"), ("v.I.J.", "+-++++"), ("v.I.L.J.", "+-+++-++"),
      ("v.I.L.", "--+++-"), ("s.I.L.", "------"), ("p.J.s.L.", "+-+++++-"),
      ("p.s.J.", "+-++++"), ("s.p.J.", "+++-++"), ("w.p.J.L.", "+++-+++-"),
      ("w.p.w.", "+++-++"), ("s.J.L.B.", "+++++---"), ("p.B.L.J.", "+-----++"),
      ("v.K.I.J.", "+---++++"), ("p.J.J.L.", "+-+++++-"), ("v.p.I.", "------"),
    ])
  func stories(_ story: String, _ seen: String) {
    let wanted = seen.map { $0 == "+" }
    #expect(Story(story).seen == wanted)
    #expect(Story(story).allowed == wanted, "the rules themselves")
  }

  @Test(arguments: 1...40)
  func theRulesOfTheSpecification(_ seed: UInt64) {
    var random = SeededRandom(seed)
    for _ in 0..<100 {
      let letters = Array("....wssvvppJJJIILBK")
      let story = Story(
        String(
          (0..<Int.random(in: 1...24, using: &random)).map { _ in
            letters[Int.random(in: letters.indices, using: &random)]
          }))
      #expect(story.seen == story.allowed, "\(story.steps)")
    }
  }

  @Test func nothingLiesOutsideTheBounds() {
    let none = HistoryVisibility(
      settings: [.init(1, .joined)], memberships: [.init(2, "invite"), .init(3, "leave")])
    #expect(none.bounds == nil)
    #expect(![Int64.min, 0, 1, 2, 3, .max].contains { none.sees($0) })
    let some = HistoryVisibility(
      settings: [.init(.min, .joined)],
      memberships: [.init(5, "join"), .init(9, "leave"), .init(20, "join"), .init(30, "ban")])
    #expect(some.bounds == 5...30)
    let all = HistoryVisibility(settings: [], memberships: [.init(5, "join")])
    #expect(all.bounds == Int64.min...Int64.max)
  }

  @Test(arguments: [
    ("{\"history_visibility\":\"world_readable\"}", HistoryVisibility.Setting.worldReadable),
    ("{\"history_visibility\":\"joined\"}", .joined), ("{\"history_visibility\":7}", .shared),
    ("{\"history_visibility\":\"unheard of\"}", .shared), ("{}", .shared),
  ])
  func settings(_ content: String, _ setting: HistoryVisibility.Setting) throws {
    let bytes = Array(
      """
      {"content":\(content),"depth":1,"origin_server_ts":1,"room_id":"!r:a.example",\
      "sender":"@a:a.example","state_key":"","type":"m.room.history_visibility"}
      """.utf8)
    let event = try Event(
      bytes: bytes, version: .v11, eventID: try present(EventID("$e"), "event id"))
    #expect(HistoryVisibility.Setting(of: event) == setting)
    #expect(HistoryVisibility.Setting(of: nil) == .shared)
  }
}

struct VisibleHistoryTests {
  /// Makes the story's steps happen to Bob in a room of Alice's; returns their events.
  private func play(_ story: Story, in room: RoomID, _ world: World) async throws -> [EventID] {
    var ids: [EventID] = []
    var last = "none"
    for (index, step) in story.steps.enumerated() {
      switch step {
      case .message: ids.append(try await world.say("\(index)", in: room).eventID)
      case .setting(let setting):
        let content: JSON = ["history_visibility": .string(setting.rawValue), "n": "\(index)"]
        ids.append(
          try await world.set("m.room.history_visibility", "", content, in: room).eventID)
      case .membership(let membership):
        let byAlice = ["invite", "ban"].contains(membership) || last == "ban"
        ids.append(
          try await world.member(
            RoomFixture.bob, membership, in: room,
            by: byAlice ? RoomFixture.alice : RoomFixture.bob
          ).eventID)
        last = membership
      }
    }
    return ids
  }

  /// Every way to read gives the events that may be seen, and no others.
  @Test(arguments: ["p.J.L.J.", "v.I.L.J.", "s.p.J..", "p.J.L..B.", "w.p.J.L.J.s."])
  func everyWayToRead(_ text: String) async throws {
    try await withWorld { world in
      let (room, story) = (try await world.makeRoom(), Story(text))
      let bob = try RoomFixture.user(RoomFixture.bob)
      let ids = try await play(story, in: room, world)
      let visible = Set(zip(ids, story.seen).filter(\.1).map(\.0))
      for direction in [ReadHistory.Direction.backwards, .forwards] {
        for limit in [1, 3, 100] {
          var (found, next): ([EventID], HistoryToken?) = ([], nil)
          repeat {
            let page = try await world.history.page(
              of: room, for: bob, from: next, to: nil, direction, limit: limit)
            found += page.events.map(\.event.eventID)
            next = page.end
          } while next != nil
          #expect(Set(found).intersection(ids) == visible, "\(direction), \(limit)")
          #expect(found.count == Set(found).count)
        }
      }
      for id in ids {
        let event = try? await world.read.event(id, in: room, for: bob)
        #expect((event != nil) == visible.contains(id))
        let context = try? await world.history.context(of: id, in: room, for: bob, limit: 100)
        #expect((context != nil) == visible.contains(id))
        let around = (context?.before ?? []) + (context?.after ?? [])
        #expect(Set(around.map(\.event.eventID)).intersection(ids).isSubset(of: visible))
      }
    }
  }

  @Test func whoMayNotReadAtAllIsToldSo() async throws {
    try await withWorld { world in
      let (room, story) = (try await world.makeRoom(), Story("w.v.I."))
      let ids = try await play(story, in: room, world)
      let bob = try RoomFixture.user(RoomFixture.bob)
      await #expect(throws: RoomError.notInRoom) {
        try await world.history.page(
          of: room, for: bob, from: nil, to: nil, .backwards, limit: 10)
      }
      await #expect(throws: RoomError.notInRoom) {
        try await world.history.context(of: ids[1], in: room, for: bob, limit: 1)
      }
      for id in ids {
        await #expect(throws: RoomError.unknownEvent) {
          try await world.read.event(id, in: room, for: bob)
        }
      }
    }
  }

  /// A stranger sees of a room that is open now what happened while it was open.
  @Test func strangersSeeWhatIsWorldReadable() async throws {
    try await withWorld { world in
      let (room, story) = (try await world.makeRoom(), Story("s.w.p.w."))
      let ids = try await play(story, in: room, world)
      let page = try await world.history.page(
        of: room, for: try RoomFixture.user(RoomFixture.bob), from: nil, to: nil, .forwards,
        limit: 100)
      #expect(page.events.map(\.event.eventID) == [2, 3, 4, 6, 7].map { ids[$0] })
    }
  }

  @Test func theRecordHoldsOnlyChanges() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      _ = try await play(Story("s.s.p.p"), in: room, world)
      for name in ["a", "b", "c"] {
        try await world.set(
          "m.room.member", RoomFixture.bob,
          ["membership": "join", "displayname": .string(name)], in: room, by: RoomFixture.bob)
      }
      try await world.member(RoomFixture.bob, "leave", in: room)
      let bob = try RoomFixture.user(RoomFixture.bob)
      let record = try await world.states.readingRecord(of: bob, in: room)
      #expect(record.settings.map(\.value) == [.shared, .joined])
      #expect(record.memberships.map(\.value) == ["join", "leave"])
      #expect(!record.isForgotten && !record.isJoined)
      #expect(record.departure == record.memberships.last?.position)
      try await world.membership.forget(room, user: bob)
      #expect(try await world.states.readingRecord(of: bob, in: room).isForgotten)
    }
  }
}
