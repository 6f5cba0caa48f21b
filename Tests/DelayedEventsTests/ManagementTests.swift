import Accounts
import MatrixIdentifiers
import MatrixJSON
import Rooms
import TestKit
import Testing

@testable import DelayedEvents

struct ManagementTests {
  private enum Before: CaseIterable {
    case scheduled, sent, cancelled, failed
  }

  private func make(_ before: Before, in room: RoomID, _ world: World) async throws -> String {
    let delayID = try await world.say("a", in: room)
    switch before {
    case .scheduled: break
    case .sent: try await world.manage(.send, delayID, by: world.alice)
    case .cancelled: try await world.manage(.cancel, delayID, by: world.alice)
    case .failed:
      world.clock.advance(by: 1_000)
      let claimed = try #require(
        try await world.claim().first { $0.event.delayID == delayID })
      try await world.fail(claimed)
    }
    return delayID
  }

  /// spec: MSC4140, managing scheduled delayed events
  @Test func theSameAgainIsFineAndAnotherIsAConflict() async throws {
    let conflicts: [Before: Set<DelayedEventAction>] = [
      .scheduled: [], .sent: [.cancel, .restart], .cancelled: [.send, .restart],
      .failed: [.send, .restart],
    ]
    try await World.with { world in
      for before in Before.allCases {
        for action in DelayedEventAction.allCases {
          let room = try await world.makeRoom()
          let delayID = try await make(before, in: room, world)
          let state = try await world.state(delayID)
          if conflicts[before]?.contains(action) == true {
            await #expect(throws: DelayedEventError.conflict, "\(action) of \(before)") {
              try await world.manage(action, delayID, by: world.alice)
            }
            #expect(try await world.state(delayID) == state)
          } else {
            try await world.manage(action, delayID, by: world.alice)
            if before != .scheduled { #expect(try await world.state(delayID) == state) }
          }
        }
      }
    }
  }

  @Test func othersFindNothing() async throws {
    try await World.with { world in
      let room = try await world.makeRoom()
      let delayID = try await world.say("a", in: room)
      for (id, user) in [(delayID, world.bob), ("none", world.alice), ("\0", world.alice)] {
        for action in DelayedEventAction.allCases {
          await #expect(throws: DelayedEventError.unknown) {
            try await world.manage(action, id, by: user)
          }
        }
        await #expect(throws: DelayedEventError.unknown) {
          try await world.read.event(id, of: user.userID)
        }
      }
      #expect(try await world.state(delayID).end == nil)
    }
  }

  @Test func aRestartCountsFromNow() async throws {
    try await World.with { world in
      let room = try await world.makeRoom()
      let delayID = try await world.say("a", in: room, delay: 1_000)
      world.clock.advance(by: 900)
      try await world.manage(.restart, delayID, by: world.alice)
      world.clock.advance(by: 900)
      #expect(try await world.claim().isEmpty)
      #expect(try await world.state(delayID).due == World.start + 1_900)
      world.clock.advance(by: 100)
      #expect(try await world.claim().map(\.event.delayID) == [delayID])
    }
  }

  @Test func aSendThatIsRefusedLeavesItScheduled() async throws {
    try await World.with { world in
      let room = try await world.makeRoom()
      let delayID = try await world.say("a", in: room)
      try await leave(room, world)
      await #expect(throws: RoomError.self) {
        try await world.manage(.send, delayID, by: world.alice)
      }
      #expect(try await world.state(delayID).end == nil)
    }
  }

  @Test func whoIsGoneSendsNothing() async throws {
    try await World.with { world in
      let room = try await world.makeRoom()
      let delayID = try await world.say("a", in: room)
      try await DelayedEventsOfDeparted(clock: world.clock).accountDeactivated(
        world.alice.userID, erase: false, in: world.database)
      #expect(try await world.state(delayID).end?.outcome == .cancelled)
      world.clock.advance(by: 2_000)
      #expect(try await world.claim().isEmpty)
    }
  }

  @Test func listsComeInPagesOfTheirOrder() async throws {
    try await World.with { world in
      let room = try await world.makeRoom()
      var expected: [String] = []
      for number in 0..<5 {
        expected.insert(
          try await world.say("\(number)", in: room, delay: 10_000 - Int64(number)), at: 0)
      }
      try await world.manage(.cancel, expected[4], by: world.alice)
      let list = DelayedEventList(database: world.database)
      for isBackwards in [false, true] {
        var filter = DelayedEventFilter()
        (filter.status, filter.isBackwards) = (.scheduled, isBackwards)
        var found: [String] = []
        repeat {
          let page = try await list.page(of: world.alice.userID, filter, size: 3)
          found += page.events.map(\.delayID)
          filter.place = try page.next.map { try #require(DelayedEventPlace(token: $0.token)) }
        } while filter.place != nil
        #expect(found == (isBackwards ? expected.dropLast().reversed() : expected.dropLast()))
      }
      for (status, count) in [
        (DelayedEventFilter.Status.finalised, 1), (.cancelled, 1), (.sent, 0), (.failed, 0),
      ] {
        var filter = DelayedEventFilter()
        filter.status = status
        #expect(try await list.page(of: world.alice.userID, filter).events.count == count)
      }
    }
  }

  @Test func whatIsFinalisedIsForgottenByAgeAndByNumber() async throws {
    try await World.with { world in
      let room = try await world.makeRoom()
      var ids: [String] = []
      for number in 0..<5 {
        ids.append(try await world.say("\(number)", in: room))
        world.clock.advance(by: 1)
        try await world.manage(.cancel, ids[number], by: world.alice)
      }
      let scheduled = try await world.say("later", in: room)
      #expect(try await forget(1, world) == 1)
      #expect(try await forget(10, world) == 1)
      #expect(try await world.kept(ids) == Array(ids.suffix(3)))
      world.clock.advance(by: World.limits.keptFor)
      #expect(try await forget(10, world) == 2)
      #expect(try await world.kept(ids) == [ids[4]])
      world.clock.advance(by: 1)
      #expect(try await forget(10, world) == 1)
      #expect(try await world.kept(ids).isEmpty)
      #expect(try await world.state(scheduled).end == nil)
      #expect(try await FinalisedDelays.scheduledCount(on: world.database) == 1)
    }
  }

  private func forget(_ limit: Int64, _ world: World) async throws -> Int {
    try await FinalisedDelays.remove(
      beyond: World.limits, now: world.clock.now(), limit: limit, on: world.database)
  }

  private func leave(_ room: RoomID, _ world: World) async throws {
    let user = world.alice.userID
    _ = try await world.writer.persist(
      PersistRequest(
        roomID: room,
        intents: [
          EventIntent(
            type: "m.room.member", stateKey: user.text, sender: user,
            content: Array("{\"membership\":\"leave\"}".utf8))
        ]))
  }
}

extension World {
  fileprivate func kept(_ ids: [String]) async throws -> [String] {
    var kept: [String] = []
    for id in ids where try await store.find(id, of: alice.userID) != nil { kept.append(id) }
    return kept
  }
}
