import TestKit
import Testing

@testable import TaskScheduler

@Suite struct TaskRunnerMachineTests {
  static let poll = TaskTiming().poll

  static func task(_ id: String) -> ClaimedTask {
    ClaimedTask(
      id: id, token: 1, action: "a", resource: nil, parameters: nil, result: nil, launch: 1,
      fruitless: 1, late: 0, resumes: false, isCancelled: false)
  }

  static func claim(
    _ count: Int, heldBack: Bool = false, next: Int64? = nil
  ) -> Claim {
    Claim(tasks: (0..<count).map { task("\($0)") }, isHeldBack: heldBack, next: next)
  }

  /// A machine that has asked for the first time and was told `claim`.
  static func machine(_ claim: Claim, limit: Int = 3) -> TaskRunnerMachine {
    var machine = TaskRunnerMachine(limit: limit)
    #expect(machine.next(at: .zero) == .claim(room: limit))
    machine.answered(claim, room: limit, at: .zero, random: 0)
    return machine
  }

  @Test func looksFromTimeToTimeThoughNobodySaysAnything() {
    var machine = Self.machine(Self.claim(0))
    #expect(machine.next(at: .zero) == .wait(Self.poll))
    #expect(machine.next(at: Self.poll) == .claim(room: 3))
  }

  @Test func wakesWhenTheNextTaskIsDue() {
    var machine = Self.machine(Self.claim(0, next: 700))
    #expect(machine.next(at: .milliseconds(699)) == .wait(.milliseconds(1)))
    #expect(machine.next(at: .milliseconds(700)) == .claim(room: 3))
  }

  @Test func doesNotOversleepItsPollForATaskThatIsFar() {
    var machine = Self.machine(Self.claim(0, next: 3_600_000))
    #expect(machine.next(at: .zero) == .wait(Self.poll))
  }

  @Test func aHintWakesIt() {
    var machine = Self.machine(Self.claim(1))
    machine.hinted(at: .milliseconds(5))
    #expect(machine.next(at: .milliseconds(5)) == .claim(room: 2))
  }

  /// What is scheduled while the database looks may not be in its answer.
  @Test func aHintDuringAQuestionAsksAgain() {
    var machine = TaskRunnerMachine(limit: 3)
    #expect(machine.next(at: .zero) == .claim(room: 3))
    machine.hinted(at: .milliseconds(1))
    machine.answered(Self.claim(0), room: 3, at: .milliseconds(2), random: 0)
    #expect(machine.next(at: .milliseconds(2)) == .claim(room: 3))
    machine.answered(Self.claim(0), room: 3, at: .milliseconds(3), random: 0)
    #expect(machine.next(at: .milliseconds(3)) == .wait(Self.poll))
  }

  @Test func asksForNoMoreThanItHasRoomFor() {
    var machine = Self.machine(Self.claim(3))
    machine.hinted(at: .zero)
    #expect(machine.next(at: .zero) == .wait(Self.poll))
    machine.ended(at: .milliseconds(4))
    #expect(machine.next(at: .milliseconds(4)) == .claim(room: 1))
  }

  /// With nothing waiting, the end of a task is no reason to ask.
  @Test func anEndAloneAsksOnlyIfMoreWasDue() {
    var idle = Self.machine(Self.claim(1))
    idle.ended(at: .milliseconds(4))
    #expect(idle.next(at: .milliseconds(4)) == .wait(Self.poll - .milliseconds(4)))
    var limited = Self.machine(Self.claim(1, heldBack: true))
    #expect(limited.next(at: .zero) == .wait(Self.poll))
    limited.ended(at: .milliseconds(4))
    #expect(limited.next(at: .milliseconds(4)) == .claim(room: 3))
  }

  @Test func comesBackSoonWhenAnotherRunnerWasClaiming() {
    var busy = Claim()
    busy.isBusy = true
    var machine = Self.machine(busy)
    guard case .wait(let pause) = machine.next(at: .zero) else {
      return #expect(Bool(false), "it asks at once")
    }
    #expect(pause > .zero && pause < .milliseconds(20))
  }

  @Test func waitsLongerAfterEachFailure() {
    var machine = TaskRunnerMachine(limit: 1)
    var now = Duration.zero
    var pauses: [Duration] = []
    for _ in 0..<8 {
      #expect(machine.next(at: now) == .claim(room: 1))
      machine.failed(at: now, random: 0)
      guard case .wait(let pause) = machine.next(at: now) else { continue }
      pauses.append(pause)
      now += pause
    }
    #expect(pauses.count == 8 && pauses == pauses.sorted())
    #expect(pauses[0] < .milliseconds(100) && pauses[7] <= .seconds(1))
  }

  /// Against a model of the table: every task is started, none before it is due, and never long
  /// after while there is room, though hints are lost.
  @Test(arguments: 0..<40) func startsEverythingInTime(seed: Int) {
    var random = SeededRandom(UInt64(seed))
    var machine = TaskRunnerMachine(limit: 1 + random.below(4))
    var waiting = (0..<60).map { _ in Int64(random.below(30_000)) }.sorted()
    var ends: [Int64] = []
    var now: Int64 = 0
    while !waiting.isEmpty, now < 60_000 {
      for _ in ends.filter({ $0 <= now }) { machine.ended(at: .milliseconds(now)) }
      ends.removeAll { $0 <= now }
      if random.chance(1) { machine.hinted(at: .milliseconds(now)) }
      switch machine.next(at: .milliseconds(now)) {
      case .wait(let pause):
        let wake = now + max(1, pause.milliseconds)
        now = min(wake, ends.min() ?? wake)
      case .claim(let room):
        if random.chance(5) {
          machine.failed(at: .milliseconds(now), random: 0)
          continue
        }
        let taken = waiting.prefix(room).prefix { $0 <= now }
        let latest = taken.map { now - $0 }.max() ?? 0
        let hadRoom = ends.isEmpty
        #expect(!hadRoom || latest < 3000, "late by \(latest) ms with seed \(seed)")
        waiting.removeFirst(taken.count)
        ends += taken.map { _ in now + Int64(1 + random.below(300)) }
        let isHeldBack = waiting.first.map { $0 <= now } ?? false
        let next = waiting.first { $0 > now }.map { $0 - now }
        machine.answered(
          Self.claim(taken.count, heldBack: isHeldBack, next: next), room: room,
          at: .milliseconds(now), random: 0)
      }
    }
    #expect(waiting.isEmpty, "seed \(seed)")
  }
}
