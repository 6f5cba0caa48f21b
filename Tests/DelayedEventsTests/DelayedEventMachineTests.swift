import MatrixIdentifiers
import TestKit
import Testing

@testable import DelayedEvents

struct DelayedEventMachineTests {
  private typealias Machine = DelayedEventMachine
  private let timing = DelayedEventMachine.Timing()

  private func at(_ now: Int64, _ uptime: Int64? = nil) -> Machine.Moment {
    Machine.Moment(now: now, uptime: uptime ?? now)
  }

  private func delay(
    _ number: Int64, room: String = "!a:x.org", due: Int64
  ) throws -> ClaimedDelay {
    ClaimedDelay(
      event: DelayedEvent(
        delayID: "d\(number)", userID: try #require(UserID("@u:x.org")),
        roomID: try #require(RoomID(room)), type: "m.room.message", stateKey: nil, content: [],
        delay: due, since: 0, number: number, end: nil),
      claim: 1)
  }

  /// A machine that has looked once, at 0, and found these.
  private func machine(
    _ taken: [ClaimedDelay] = [], nextDue: Int64? = nil
  ) -> Machine {
    var machine = Machine()
    #expect(machine.next(at: at(0)) == .claim(limit: Machine.claimLimit))
    machine.answered(taken, nextDue: nextDue)
    return machine
  }

  @Test func itWaitsUntilTheNextOneIsDueAndLooksThen() {
    var machine = machine(nextDue: 1_200)
    #expect(machine.next(at: at(0)) == .wait(1_200))
    #expect(machine.next(at: at(1_199)) == .wait(1))
    #expect(machine.next(at: at(1_200)) == .claim(limit: Machine.claimLimit))
  }

  @Test func itLooksAgainAfterAWhileWhateverItKnows() {
    for nextDue: Int64? in [nil, 50_000] {
      var machine = machine(nextDue: nextDue)
      #expect(machine.next(at: at(0)) == .wait(timing.poll))
      #expect(machine.next(at: at(timing.poll - 1)) == .wait(1))
      #expect(machine.next(at: at(timing.poll)) == .claim(limit: Machine.claimLimit))
    }
  }

  @Test func aHintOfAnEarlierOneCounts() {
    var machine = machine(nextDue: 2_000)
    machine.hinted(due: 2_500)
    #expect(machine.next(at: at(0)) == .wait(2_000))
    machine.hinted(due: 300)
    #expect(machine.next(at: at(0)) == .wait(300))
    #expect(machine.next(at: at(300)) == .claim(limit: Machine.claimLimit))
  }

  @Test func aHintThatComesWhileTheDatabaseIsAskedIsNotLost() {
    var machine = machine(nextDue: 100)
    #expect(machine.next(at: at(100)) == .claim(limit: Machine.claimLimit))
    machine.hinted(due: 100)
    machine.answered([])
    #expect(machine.next(at: at(101)) == .claim(limit: Machine.claimLimit))
    machine.hinted(due: nil)
    machine.answered([])
    #expect(machine.next(at: at(102)) == .claim(limit: Machine.claimLimit))
    machine.answered([])
    #expect(machine.next(at: at(102)) == .wait(timing.poll))
  }

  @Test func aRoomsEventsAreSentInOrderOneBatchAtATime() throws {
    let first = try (1...3).map { try delay($0, due: 10) }
    var machine = machine(first)
    #expect(machine.next(at: at(20)) == .send(first))
    let later = try [delay(4, due: 15), delay(5, room: "!b:x.org", due: 15)]
    machine.hinted(due: 15)
    #expect(machine.next(at: at(20)) == .claim(limit: Machine.claimLimit))
    machine.answered(later)
    #expect(machine.next(at: at(20)) == .send([later[1]]))
    #expect(machine.next(at: at(20)) == .wait(timing.poll))
    #expect(machine.ended(first, in: first[0].event.roomID, .settled, at: at(30)) == nil)
    #expect(machine.next(at: at(30)) == .send([later[0]]))
  }

  @Test func batchesAndRoomsUnderWayAreLimited() throws {
    let crowd = try (0..<Int64(Machine.batchLimit + 1)).map { try delay($0, due: 1) }
    var one = machine(crowd)
    #expect(one.next(at: at(1)) == .send(Array(crowd.prefix(Machine.batchLimit))))
    let rooms = try (0...Int64(Machine.roomLimit)).map {
      try delay($0, room: "!r\($0):x.org", due: 1)
    }
    var many = machine(rooms)
    for delay in rooms.dropLast() { #expect(many.next(at: at(1)) == .send([delay])) }
    guard case .wait = many.next(at: at(1)) else { return #expect(Bool(false), "one too many") }
    _ = many.ended([rooms[0]], in: rooms[0].event.roomID, .settled, at: at(2))
    #expect(many.next(at: at(2)) == .send([rooms[Machine.roomLimit]]))
  }

  @Test func aFullAnswerMeansThatThereIsMore() throws {
    var machine = Machine()
    #expect(machine.next(at: at(0)) == .claim(limit: Machine.claimLimit))
    let taken = try (0..<Int64(Machine.claimLimit)).map {
      try delay($0, room: "!r\($0 / 32):x.org", due: 0)
    }
    machine.answered(taken)
    var claims = 0
    var sent = 0
    while true {
      let action = machine.next(at: at(1))
      if case .send(let batch) = action { sent += batch.count }
      if case .claim(let limit) = action {
        claims += 1
        machine.answered([], limit: limit)
      }
      if case .wait = action { break }
    }
    #expect(sent == Machine.claimLimit)
    #expect(claims == 1)
  }

  @Test func nothingIsSentWhileTheClockSaysThatItIsTooEarly() throws {
    let due = try delay(1, due: 1_000)
    var machine = machine([due])
    // The clock was set back after it was taken.
    guard case .wait = machine.next(at: at(400, 1_000)) else {
      return #expect(Bool(false), "sent before its time")
    }
    #expect(machine.next(at: at(1_000, 1_600)) == .send([due]))
  }

  @Test func aClockThatWasSetForwardIsNoticedAtTheNextLook() {
    var machine = machine(nextDue: 60_000)
    #expect(machine.next(at: at(0)) == .wait(timing.poll))
    #expect(machine.next(at: at(60_500, 500)) == .claim(limit: Machine.claimLimit))
  }

  /// Of a room that somebody else has begun with nothing is kept back.
  @Test func aRoomThatIsLostIsLeftAtOnce() throws {
    let crowd = try (0...Int64(Machine.batchLimit)).map { try delay($0, due: 1) }
    var machine = machine(crowd)
    #expect(machine.isHolding)
    #expect(machine.next(at: at(1)) == .send(Array(crowd.dropLast())))
    let left = machine.ended(
      Array(crowd.dropLast()), in: crowd[0].event.roomID, .lost, at: at(5))
    #expect(left == .release(crowd, rest: 0))
    #expect(!machine.isHolding)
    #expect(machine.next(at: at(5)) == .wait(timing.retry))
  }

  @Test func itLooksAgainWhenTheLeaseOfAnotherEnds() {
    var machine = machine()
    machine.answered([], nextFree: 400, at: 10)
    #expect(machine.next(at: at(10)) == .wait(400))
    #expect(machine.next(at: at(410)) == .claim(limit: Machine.claimLimit))
    // What was said before does not count any more.
    machine.answered([], at: 410)
    #expect(machine.next(at: at(410)) == .wait(timing.poll))
  }

  @Test func itLooksAgainSoonForWhatSomebodyIsAboutToChange() {
    var machine = machine()
    machine.answered([], nextFree: 400, isHeldBack: true, at: 10)
    #expect(machine.next(at: at(10)) == .wait(timing.heldBack))
    #expect(machine.next(at: at(10 + timing.heldBack)) == .claim(limit: Machine.claimLimit))
  }

  @Test func aRoomThatCannotBeWrittenToIsTriedAgainLater() throws {
    let crowd = try (0...Int64(Machine.batchLimit)).map { try delay($0, due: 1) }
    var machine = machine(crowd)
    #expect(machine.next(at: at(1)) == .send(Array(crowd.dropLast())))
    let left = machine.ended(
      Array(crowd.dropLast()), in: crowd[0].event.roomID, .unavailable, at: at(5))
    #expect(left == .release(crowd, rest: timing.retry))
    #expect(!machine.isHolding)
    #expect(machine.next(at: at(5)) == .wait(timing.retry))
    #expect(machine.next(at: at(5 + timing.retry)) == .claim(limit: Machine.claimLimit))
  }

  /// The database counts on that its room is this runner's, while the runner gives it up.
  @Test func whatComesOfARoomThatWasGivenUpMeanwhileIsNotSentBeforeTheRest() throws {
    let (first, later) = (try delay(1, due: 1), try delay(2, due: 3))
    let other = try delay(3, room: "!b:x.org", due: 3)
    var machine = machine([first], nextDue: 3)
    #expect(machine.next(at: at(1)) == .send([first]))
    #expect(machine.own == [first])
    #expect(machine.next(at: at(3)) == .claim(limit: Machine.claimLimit))
    _ = machine.ended([first], in: first.event.roomID, .unavailable, at: at(4))
    machine.answered([later, other], at: 4)
    #expect(machine.next(at: at(5)) == .release([later], rest: timing.retry))
    #expect(machine.next(at: at(5)) == .send([other]))
    #expect(machine.own == [other])
  }

  @Test func aDatabaseThatIsAwayIsLeftAloneForAWhile() {
    var machine = Machine()
    #expect(machine.next(at: at(0)) == .claim(limit: Machine.claimLimit))
    machine.claimFailed(at: at(10))
    machine.hinted(due: 5)
    #expect(machine.next(at: at(10)) == .wait(timing.retry))
    #expect(machine.next(at: at(10 + timing.retry)) == .claim(limit: Machine.claimLimit))
  }
}

extension DelayedEventMachine {
  fileprivate mutating func answered(
    _ taken: [ClaimedDelay], nextDue: Int64? = nil, nextFree: Int64? = nil,
    isHeldBack: Bool = false, limit: Int = DelayedEventMachine.claimLimit, at now: Int64 = 0
  ) {
    claimed(
      ClaimStore.Claim(
        taken: taken, nextDue: nextDue, nextFree: nextFree, isHeldBack: isHeldBack),
      limit: limit, at: Moment(now: now, uptime: now))
  }
}
