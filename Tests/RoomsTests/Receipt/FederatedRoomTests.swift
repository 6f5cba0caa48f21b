import EventAuth
import MatrixIdentifiers
import RoomEvents
import StateResolution
import Testing

@testable import Rooms

/// A random room as stores have it that got its events in different orders.
private struct Deliveries {
  static let versions: [RoomVersion] = [.v1, .v2, .v6, .v11, .v12]

  let room: FederatedRoom
  let stores: [MemoryRoom]

  init(seed: Int, orders: Int = 2, isCalm: Bool = false) throws {
    let version = Self.versions[seed % Self.versions.count]
    room = try FederatedRoom(seed: seed, version: version, steps: 36, isCalm: isCalm)
    var stores: [MemoryRoom] = []
    for order in 0..<orders {
      var store = MemoryRoom(version)
      let events = order == 0 ? room.events : room.shuffled(seed * 7 + order)
      for event in events { try store.receive(event) }
      stores.append(store)
    }
    self.stores = stores
  }
}

struct FederatedRoomTests {
  /// What an event meets where it stands is the same for everybody.
  @Test(arguments: 0..<20)
  func theStateBeforeAnEventDoesNotDependOnTheOrder(_ seed: Int) throws {
    let deliveries = try Deliveries(seed: seed)
    let (first, second) = (deliveries.stores[0], deliveries.stores[1])
    for event in deliveries.room.events {
      let (left, right) = (first.events[event.eventID], second.events[event.eventID])
      #expect(left?.stateBefore == right?.stateBefore, "seed \(seed) \(event.eventID)")
      #expect(left?.standing.isRejected == right?.standing.isRejected)
    }
  }

  /// Whether an event fails softly depends on what came before it, and with it what the ends are.
  /// Where nothing does, all are the same.
  @Test(arguments: 0..<20)
  func endsAndCurrentStateDoNotDependOnTheOrder(_ seed: Int) throws {
    let deliveries = try Deliveries(seed: seed, orders: 3, isCalm: true)
    let first = deliveries.stores[0]
    #expect(first.ends.count > 1 || first.events.count > 20)
    for store in deliveries.stores {
      try #require(!store.events.values.contains { $0.standing == .softFailed }, "seed \(seed)")
      #expect(Set(store.ends.keys) == Set(first.ends.keys), "seed \(seed)")
      #expect(store.current == first.current, "seed \(seed)")
      #expect(store.depth == first.depth, "seed \(seed)")
    }
  }

  @Test func everyKindOfStandingComesUp() throws {
    var standings: Set<EventStanding> = []
    var largestFork = 0
    for seed in 0..<15 {
      for store in try Deliveries(seed: seed).stores {
        standings.formUnion(store.events.values.map(\.standing))
        largestFork = max(largestFork, store.ends.count)
      }
    }
    #expect(standings == [.accepted, .softFailed, .rejected])
    #expect(largestFork > 2)
  }

  @Test(arguments: 0..<20)
  func currentStateIsWhatTheEndsComeTo(_ seed: Int) throws {
    for store in try Deliveries(seed: seed).stores {
      let states = try store.ends.keys.sorted().map {
        try present(store.events[$0]?.stateAfter, "state")
      }
      #expect(try store.resolved(states) == store.current, "seed \(seed)")
    }
  }

  @Test(arguments: 0..<20)
  func endsAreTheAcceptedEventsWithoutAcceptedSuccessors(_ seed: Int) throws {
    for store in try Deliveries(seed: seed).stores {
      let accepted = store.events.values.filter { $0.standing == .accepted }
      var covered: Set<EventID> = []
      for event in accepted {
        var stack = event.event.prevEvents
        while let next = stack.popLast() {
          covered.insert(next)
          // Only through what counts for nothing: the others cover what is behind them.
          if let stored = store.events[next], stored.standing != .accepted {
            stack += stored.previous
          }
        }
      }
      let expected = Set(accepted.map(\.event.eventID)).subtracting(covered)
      #expect(Set(store.ends.keys) == expected, "seed \(seed)")
    }
  }

  /// Whoever gets a later event with the state before it, and the history between afterwards, has
  /// the same in the end.
  @Test(arguments: 0..<10)
  func aGapThatIsFilledLeavesTheEndsAsTheyAre(_ seed: Int) throws {
    let deliveries = try Deliveries(seed: seed, orders: 1)
    let full = deliveries.stores[0]
    var late = MemoryRoom(full.version)
    let events = deliveries.room.events
    let start = events.count / 2
    for event in events[..<start] where event.stateKey != nil { try late.receive(event, .outlier) }
    for event in events[start...] {
      if case .missing(let previous, let cited) = try late.receive(event) {
        #expect(!previous.isEmpty)
        #expect(cited.isEmpty)
        try late.receive(event, told: previous.compactMap { full.events[$0]?.stateAfter })
      }
    }
    let (ends, current) = (late.ends, late.current)
    #expect(!ends.isEmpty)
    #expect(ends.keys.allSatisfy { full.events[$0]?.standing.isRejected == false })
    for event in events[..<start] { try late.receive(event, .history) }
    #expect(late.ends == ends)
    #expect(late.current == current)
    #expect(late.missing.isEmpty)
    for (id, stored) in late.events {
      #expect(stored.stateBefore == full.events[id]?.stateBefore, "seed \(seed) \(id)")
    }
  }
}
