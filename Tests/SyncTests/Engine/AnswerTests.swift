import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import Rooms
import Streams
import TestKit
import Testing

@testable import Sync

struct AnswerTests {
  @Test func theFirstAnswerTellsTheWholeState() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom(name: "Lobby")
      try await world.say(1...3, in: room)
      let answer = try await world.main.sync(World.alice)
      let joined = try present(answer.joined(room), "room")
      #expect(joined.bodies == ["m1", "m2", "m3"])
      var state: [Place: String] = [:]
      for event in joined.state + joined.timeline {
        if let place = event.place { state[place] = event.eventID }
      }
      #expect(state == (try await world.state(of: room)))
      let last = try present(try await world.story(of: room).last, "event")
      #expect(answer.next.events.covers(last.writer, last.streamOrdering))
      // Nobody else is told of it.
      #expect(try await world.main.sync(World.bob).isEmpty)
    }
  }

  @Test func aShortRoomIsToldFromItsBeginning() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      let answer = try await world.main.sync(World.alice, filter: try SyncFilter(limit: 50))
      let joined = try present(answer.joined(room), "room")
      #expect(joined.timeline.first?["type"]?.string == "m.room.create")
      #expect(joined.state.isEmpty)
      #expect(!joined.isLimited)
    }
  }

  @Test func laterAnswersTellWhatIsNew() async throws {
    try await withWorld { world in
      let (room, quiet) = (try await world.makeRoom(), try await world.makeRoom())
      let first = try await world.main.sync(World.alice)
      #expect(first.joined(quiet) != nil)
      try await world.say(1...2, in: room)
      try await world.topic("new", in: room)
      let second = try await world.main.sync(World.alice, since: first.next)
      let joined = try present(second.joined(room), "room")
      #expect(joined.bodies == ["m1", "m2"])
      #expect(joined.timeline.last?["content"]?["topic"]?.string == "new")
      #expect(joined.state.isEmpty)
      #expect(!joined.isLimited)
      #expect(second.rooms("join").count == 1)
      let third = try await world.main.sync(World.alice, since: second.next)
      #expect(third.isEmpty)
      #expect(third.next == second.next)
    }
  }

  /// The events that are left out are those that paging back from `prev_batch` gives.
  @Test(arguments: [(12, 10), (60, 5), (60, 20), (60, 50), (120, 40), (40, 100)])
  func whatIsLeftOutCanBeFetched(_ messages: Int, _ limit: Int) async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      let first = try await world.main.sync(World.alice)
      try await world.topic("in the gap", in: room)
      try await world.say(1...messages, in: room)
      let answer = try await world.main.sync(
        World.alice, since: first.next, filter: try SyncFilter(limit: limit))
      let joined = try present(answer.joined(room), "room")
      let news = ["topic"] + (1...messages).map { "m\($0)" }
      let told = joined.timeline.map { $0["content"]?["body"]?.string ?? "topic" }
      #expect(told == news.suffix(limit))
      #expect(joined.isLimited == (messages + 1 > limit))
      let gap = try await world.history.page(
        of: room, for: try world.user(World.alice),
        from: try present(joined.previousBatch.flatMap { HistoryToken($0) }, "prev_batch"),
        to: HistoryToken(first.next.text), .backwards, limit: 1000)
      let fetched = gap.events.reversed().map { $0.event.content["body"]?.string ?? "topic" }
      #expect(fetched + told == news)
      // State that changed in the gap is told, nothing else.
      #expect(
        joined.state.map { $0["content"]?["topic"]?.string }
          == (joined.isLimited ? ["in the gap"] : []))
    }
  }

  @Test(arguments: [5, 50, 100])
  func fullStateIsToldWhenAskedFor(_ limit: Int) async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      try await world.topic("old", in: room)
      try await world.say(1...40, in: room)
      try await world.topic("known", in: room)
      let first = try await world.main.sync(World.alice)
      try await world.say("news", in: room)
      let answer = try await world.main.sync(
        World.alice, since: first.next, fullState: true, filter: try SyncFilter(limit: limit))
      let joined = try present(answer.joined(room), "room")
      #expect(joined.bodies == ["news"])
      #expect(joined.told("m.room.topic")?["content"]?["topic"]?.string == "known")
      let told = Dictionary(
        joined.state.compactMap { event in event.place.map { ($0, event.eventID) } },
        uniquingKeysWith: { first, _ in "\(first) twice" })
      #expect(told == (try await world.state(of: room)))
      // Also of rooms without news.
      let again = try await world.main.sync(World.alice, since: answer.next, fullState: true)
      let quiet = try present(again.joined(room), "room")
      #expect(quiet.timeline.isEmpty)
      #expect(quiet.state.count == told.count)
    }
  }

  @Test func theSenderSeesItsTransaction() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      try await world.say("a", in: room, device: "D")
      for (user, device, isTold) in [
        (World.alice, "D", true), (World.alice, "E", false), (World.alice, nil, false),
      ] {
        let answer = try await world.main.sync(user, device: device)
        let event = try present(answer.joined(room)?.timeline.last, "event")
        #expect((event["unsigned"]?["transaction_id"]?.string == "txn-a") == isTold)
        #expect(event["room_id"] == nil)
      }
      try await world.member(World.bob, "join", in: room)
      let others = try await world.main.sync(World.bob, device: "D")
      let event = others.joined(room)?.timeline.first { $0["type"]?.string == "m.room.message" }
      #expect(try present(event, "event")["unsigned"]?["transaction_id"] == nil)
    }
  }

  @Test func redactedEventsAreToldWithoutContent() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      let first = try await world.main.sync(World.alice)
      let topic = try await world.topic("secret", in: room)
      let message = try await world.say("secret", in: room)
      // The memory knows them by now.
      let known = try await world.main.sync(World.alice, since: first.next)
      #expect(known.joined(room)?.timeline.count == 2)
      try await world.redact(message, in: room)
      try await world.redact(topic, in: room)
      for since in [first.next, nil] {
        let answer = try await world.main.sync(World.alice, since: since)
        let joined = try present(answer.joined(room), "room")
        for id in [message, topic] {
          let event = (joined.timeline + joined.state).filter { $0.eventID == id.text }
          #expect(event.count == 1)
          #expect(event.first?["content"]?.count == 0)
          #expect(event.first?["unsigned"]?["redacted_because"] != nil)
        }
      }
      let later = try await world.main.sync(World.alice, since: known.next)
      #expect(
        later.joined(room)?.timeline.map { $0["redacts"]?.string } == [message.text, topic.text])
    }
  }

  @Test func theSummaryNamesARoomWithoutName() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      try await world.member(World.bob, "join", in: room)
      try await world.member(World.carol, "invite", in: room, by: World.alice)
      let first = try await world.main.sync(World.alice)
      let summary = first.joined(room)?.json["summary"]
      #expect(summary?["m.joined_member_count"]?.integer == 2)
      #expect(summary?["m.invited_member_count"]?.integer == 1)
      #expect(summary?["m.heroes"]?.elements.map(\.string) == [World.bob, World.carol])
      try await world.say("x", in: room)
      let second = try await world.main.sync(World.alice, since: first.next)
      #expect(second.joined(room)?.json["summary"]?.count == 0)
      try await world.set("m.room.name", "", ["name": "Named"], in: room)
      try await world.member(World.bob, "leave", in: room)
      let third = try await world.main.sync(World.alice, since: second.next)
      let named = third.joined(room)?.json["summary"]
      #expect(named?["m.joined_member_count"]?.integer == 1)
      #expect(named?["m.heroes"] == nil)
    }
  }

  @Test func roomsCanBeChosen() async throws {
    try await withWorld { world in
      let (one, two) = (try await world.makeRoom(), try await world.makeRoom())
      var filter = SyncFilter()
      filter.rooms = [one.text]
      let chosen = try await world.main.sync(World.alice, filter: filter)
      #expect(Set(chosen.rooms("join").keys) == [one.text])
      filter.rooms = nil
      filter.excludedRooms = [one.text]
      let others = try await world.main.sync(World.alice, filter: filter)
      #expect(Set(others.rooms("join").keys) == [two.text])
    }
  }

  @Test func aLimitOfNothingTellsStateOnly() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      try await world.say(1...3, in: room)
      let answer = try await world.main.sync(World.alice, filter: try SyncFilter(limit: 0))
      let joined = try present(answer.joined(room), "room")
      #expect(joined.timeline.isEmpty)
      #expect(joined.isLimited)
      #expect(joined.state.count == (try await world.state(of: room)).count)
      let page = try await world.history.page(
        of: room, for: try world.user(World.alice),
        from: try present(joined.previousBatch.flatMap { HistoryToken($0) }, "prev_batch"),
        to: nil, .backwards, limit: 1000)
      #expect(page.events.count == (try await world.story(of: room)).count)
    }
  }
}

struct LazyMemberTests {
  /// A room with Alice, Bob and Carol. It has a name, so that nobody is told for being a hero.
  private func room(_ world: World) async throws -> RoomID {
    let room = try await world.makeRoom(name: "named")
    try await world.member(World.bob, "join", in: room)
    try await world.member(World.carol, "join", in: room)
    return room
  }

  @Test func onlySendersAndOneselfAreToldAtFirst() async throws {
    try await withWorld { world in
      let room = try await room(world)
      try await world.say(1...5, in: room)
      try await world.say("by bob", in: room, by: World.bob)
      for (limit, told) in [(1, [World.alice, World.bob]), (3, [World.alice, World.bob])] {
        let answer = try await world.main.sync(
          World.alice, filter: try SyncFilter(limit: limit, lazy: true))
        let joined = try present(answer.joined(room), "room")
        #expect(joined.toldMembers == Set(told))
        #expect(joined.told("m.room.create") != nil)
      }
      let ofCarol = try await world.main.sync(
        World.carol, filter: try SyncFilter(limit: 1, lazy: true))
      #expect(ofCarol.joined(room)?.toldMembers == [World.bob, World.carol])
    }
  }

  /// With few events and with more than memory holds.
  @Test(arguments: [1, 50])
  func sendersAreToldLater(_ messages: Int) async throws {
    try await withWorld { world in
      let room = try await room(world)
      try await world.say(1...20, in: room)
      let filter = try SyncFilter(limit: 100, lazy: true)
      let short = try SyncFilter(limit: 1, lazy: true)
      let first = try await world.main.sync(World.alice, filter: short)
      #expect(first.joined(room)?.toldMembers == [World.alice])
      for number in 1...messages {
        try await world.say("b\(number)", in: room, by: World.bob)
      }
      let second = try await world.main.sync(World.alice, since: first.next, filter: filter)
      let joined = try present(second.joined(room), "room")
      #expect(joined.bodies.count == messages)
      #expect(joined.toldMembers.contains(World.bob))
      #expect(!joined.toldMembers.contains(World.carol))
    }
  }

  @Test func membersThatChangedInAGapAreTold() async throws {
    try await withWorld { world in
      let room = try await room(world)
      let filter = try SyncFilter(limit: 2, lazy: true)
      let first = try await world.main.sync(World.alice, filter: filter)
      try await world.member(World.carol, "leave", in: room)
      try await world.say(1...5, in: room)
      let second = try await world.main.sync(World.alice, since: first.next, filter: filter)
      let carol = second.joined(room)?.told("m.room.member", World.carol)
      #expect(carol?["content"]?["membership"]?.string == "leave")
    }
  }
}
