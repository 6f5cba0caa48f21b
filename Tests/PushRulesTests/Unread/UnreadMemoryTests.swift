import MatrixIdentifiers
import Testing

@testable import PushRules

@Suite struct UnreadMemoryTests {
  private func event(_ place: Int64, _ push: EventPush = .usual, from: UserID? = nil)
    -> EvaluatedEvent
  {
    EvaluatedEvent(room: room, streamOrdering: place, push: push, reader: from)
  }

  private func loaded(_ upTo: Int64, _ count: Int64) -> [RoomID: RoomUnread] {
    let counts = count == 0 ? [:] : [PushActions.mainThread: PushCount(notifications: count)]
    return [room: RoomUnread(upTo: upTo, counts: counts)]
  }

  @Test func whatArrivesDuringALoadIsNotLost() {
    var memory = UnreadMemory()
    memory.beginLoading(alice, [room])
    memory.apply(event(10), departed: nil)
    memory.apply(event(11), departed: nil)
    // The queries saw the first of them.
    memory.install(loaded(10, 3), of: alice)
    memory.endLoading(alice, [room])
    #expect(memory.counts(of: alice, in: [room])[room]?.main.notifications == 4)
  }

  @Test func aReceiptDuringALoadIsNotLost() {
    var memory = UnreadMemory()
    memory.beginLoading(alice, [room])
    memory.apply(ReadPosition(room: room, thread: nil, streamOrdering: 10), of: alice)
    memory.install(loaded(10, 3), of: alice)
    memory.endLoading(alice, [room])
    #expect(memory.counts(of: alice, in: [room])[room]?.main.notifications == 0)
  }

  @Test func whoLeavesDuringALoadIsForgotten() {
    var memory = UnreadMemory()
    memory.beginLoading(alice, [room])
    memory.apply(event(10, EventPush()), departed: alice)
    memory.install(loaded(9, 3), of: alice)
    memory.endLoading(alice, [room])
    #expect(memory.counts(of: alice, in: [room]).isEmpty)
    #expect(memory.count == 0)
  }

  @Test func countsThatTheLogDoesNotReachBackToAreLoadedAgain() {
    var memory = UnreadMemory()
    memory.beginLoading(alice, [room])
    memory.install(loaded(0, 0), of: alice)
    memory.endLoading(alice, [room])
    for place in 1...Int64(RoomPushLog.capacity) { memory.apply(event(place), departed: nil) }
    #expect(memory.counts(of: alice, in: [room])[room]?.main.notifications == 128)
    for place in 129...Int64(3 * RoomPushLog.capacity) { memory.apply(event(place), departed: nil) }
    #expect(memory.counts(of: alice, in: [room]).isEmpty)
  }

  @Test func aReceiptInTheMiddleIsToldFromTheLog() {
    var memory = UnreadMemory()
    memory.beginLoading(alice, [room])
    memory.install(loaded(0, 0), of: alice)
    memory.endLoading(alice, [room])
    for place in 1...Int64(10) { memory.apply(event(place), departed: nil) }
    memory.apply(ReadPosition(room: room, thread: nil, streamOrdering: 4), of: alice)
    #expect(memory.counts(of: alice, in: [room])[room]?.main.notifications == 6)
    memory.apply(ReadPosition(room: room, thread: nil, streamOrdering: 2), of: alice)
    #expect(memory.counts(of: alice, in: [room])[room]?.main.notifications == 6)
    memory.apply(event(11, .usual, from: alice), departed: nil)
    #expect(memory.counts(of: alice, in: [room])[room]?.main.notifications == 0)
  }

  @Test func aReceiptBeforeTheLogMakesTheCountsBeLoadedAgain() {
    var memory = UnreadMemory()
    memory.beginLoading(alice, [room])
    memory.install(loaded(100, 50), of: alice)
    memory.endLoading(alice, [room])
    memory.apply(ReadPosition(room: room, thread: nil, streamOrdering: 60), of: alice)
    #expect(memory.counts(of: alice, in: [room]).isEmpty)
  }
}
