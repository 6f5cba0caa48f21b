import Testing

@testable import Streams

@Suite struct InvalidationMachineTests {
  typealias Machine = InvalidationMachine

  static func entry(_ id: Int64) -> Machine.Entry {
    Machine.Entry(id: id, cache: .accessTokens, keys: [String(id)])
  }

  static func page(_ horizon: Int64, time: Int64 = 0, _ ids: Int64...) -> Machine.Page {
    Machine.Page(horizon: horizon, time: time, entries: ids.map(entry))
  }

  static func invalidations(_ ids: Int64...) -> [Machine.Action] {
    ids.map { .invalidate(.accessTokens, [String($0)]) }
  }

  @Test func theFirstPollOnlyLearnsTheHorizon() {
    var machine = Machine()
    #expect(machine.start == Machine.Cursor(horizon: nil, afterID: 0))
    let (actions, next) = machine.received(Self.page(100))
    #expect(actions.isEmpty && next == nil)
    #expect(machine.start == Machine.Cursor(horizon: 100, afterID: 0))
  }

  /// Entries of transactions above the horizon come again with each poll, and lower ids may
  /// appear after higher ones.
  @Test func repeatedAndLateEntries() {
    var machine = Machine()
    _ = machine.received(Self.page(100))
    #expect(machine.received(Self.page(100, 5, 7)).actions == Self.invalidations(5, 7))
    #expect(machine.received(Self.page(100, 5, 6, 7)).actions == Self.invalidations(6))
    #expect(machine.received(Self.page(110, 5, 6, 7, 8)).actions == Self.invalidations(8))
    #expect(machine.start.horizon == 110)
    #expect(machine.received(Self.page(111, 8)).actions.isEmpty)
  }

  @Test func unknownCachesAreIgnored() {
    var machine = Machine()
    _ = machine.received(Self.page(1))
    let entry = Machine.Entry(id: 1, cache: nil, keys: ["x"])
    #expect(
      machine.received(Machine.Page(horizon: 1, time: 0, entries: [entry])).actions.isEmpty)
  }

  @Test func aFullPageIsFollowedByAnother() {
    var machine = Machine()
    _ = machine.received(Self.page(100))
    let full = (1...Int64(Machine.pageLimit)).map(Self.entry)
    let first = machine.received(Machine.Page(horizon: 120, time: 0, entries: full))
    #expect(first.actions.count == Machine.pageLimit)
    #expect(first.next == Machine.Cursor(horizon: 100, afterID: Int64(Machine.pageLimit)))
    let second = machine.received(Self.page(150, 5000))
    #expect(second.actions == Self.invalidations(5000))
    #expect(second.next == nil)
    // What the first page could not see yet counts.
    #expect(machine.start.horizon == 120)
  }

  @Test func tooManyEntriesDropEverything() {
    var machine = Machine()
    _ = machine.received(Self.page(100))
    var last: [Machine.Action] = []
    var pages = 0
    var isComplete = false
    while !isComplete, pages < 100 {
      let start = Int64(pages * Machine.pageLimit)
      let entries = (1...Int64(Machine.pageLimit)).map { Self.entry(start + $0) }
      let (actions, next) = machine.received(
        Machine.Page(horizon: 100, time: 0, entries: entries))
      pages += 1
      last = actions
      isComplete = next == nil
    }
    #expect(pages == Machine.pollLimit / Machine.pageLimit)
    #expect(last == [.dropEverything])
  }

  @Test func aLongPauseDropsEverything() {
    var machine = Machine()
    _ = machine.received(Self.page(100, time: 1000))
    let (minute, limit) = (Int64(60_000), Machine.longestPause)
    #expect(machine.received(Self.page(100, time: 1000 + minute)).actions.isEmpty)
    let late = machine.received(Self.page(200, time: 1001 + minute + limit, 9))
    #expect(late.actions == [.dropEverything])
    #expect(machine.start.horizon == 200)
    // A clock that was set back is no pause.
    #expect(machine.received(Self.page(200, time: 5)).actions.isEmpty)
  }
}
