import MatrixJSON
import Postgres
import Streams
import Testing

@testable import TaskScheduler

@Suite struct TaskEndingTests {
  struct Odd: Error, CustomStringConvertible {
    let description = "something odd"
  }

  static let hour = Duration.seconds(3600)

  static func ending(
    _ error: any Error, stop: RunningTask.Stop? = nil, period: Duration? = nil
  ) -> TaskEnding? {
    TaskEnding(error, of: TaskRunnerMachineTests.task("a"), stop: stop, period: period)
  }

  @Test func whatAFunctionReturnsIsStored() throws {
    let complete = try TaskEnding(.complete(["n": 1]), period: nil)
    #expect(complete.status == .complete && complete.result == #"{"n":1}"# && complete.due == nil)
    let failed = try TaskEnding(.failed("no"), period: nil)
    #expect(failed.status == .failed && failed.error == "no" && failed.result == nil)
    #expect(try TaskEnding(.cancelled(nil), period: nil).status == .cancelled)
    let again = try TaskEnding(.again(.at(5), ["n": 2]), period: nil)
    #expect(again.status == .scheduled && again.due == .at(5) && again.result == #"{"n":2}"#)
    #expect(!again.startsOver && !again.isFruitless)
  }

  @Test func whatRecursIsScheduledAgainHoweverItEnded() throws {
    let complete = try TaskEnding(.complete(nil), period: Self.hour)
    #expect(complete.status == .scheduled && complete.due == .after(Self.hour))
    #expect(complete.startsOver)
    let failed = try TaskEnding(.failed("no"), period: Self.hour)
    #expect(failed.status == .scheduled && failed.error == "no" && failed.startsOver)
    let thrown = try #require(Self.ending(Odd(), period: Self.hour))
    #expect(thrown.status == .scheduled && thrown.error == "something odd" && thrown.startsOver)
    #expect(try TaskEnding(.cancelled(nil), period: Self.hour).status == .cancelled)
  }

  @Test func anErrorFailsTheTaskWithItsText() throws {
    let ending = try #require(Self.ending(Odd()))
    #expect(ending.status == .failed && ending.error == "something odd")
  }

  @Test func errorsAreKeptAsTheDatabaseTakesThem() throws {
    let ending = try TaskEnding(.failed("a\0b" + String(repeating: "c", count: 5000)), period: nil)
    let error = try #require(ending.error)
    #expect(error.hasPrefix("abc") && error.count == TaskEnding.errorLimit)
  }

  @Test func whatPassesIsTriedAgain() throws {
    let passing: [any Error] = [
      PostgresError(.unavailable, "away"), PostgresError(.statementTimeout, "slow"),
      OwnerError.unavailable(reason: "restarts"), TaskError.interrupted(reason: "later"),
    ]
    for error in passing {
      let ending = try #require(Self.ending(error))
      #expect(ending.status == .scheduled && ending.isFruitless && !ending.startsOver)
      #expect(ending.due == .after(.seconds(1)))
    }
    let lasting: [any Error] = [
      PostgresError(.other, "wrong"), OwnerError.refused(status: 400, code: "M_X", reason: "no"),
    ]
    for error in lasting { #expect(Self.ending(error)?.status == .failed) }
  }

  @Test func pausesGrowToAMinute() {
    #expect(TaskEnding.pause(after: 1) == .seconds(1))
    #expect(TaskEnding.pause(after: 3) == .seconds(4))
    #expect(TaskEnding.pause(after: 1000) == .seconds(60))
  }

  @Test func cancellationIsHeeded() {
    #expect(Self.ending(TaskError.cancelled)?.status == .cancelled)
    #expect(Self.ending(CancellationError(), stop: .cancelled)?.status == .cancelled)
  }

  @Test func whatAnotherRunnerHasIsLeftAlone() {
    #expect(Self.ending(TaskError.lost) == nil)
    #expect(Self.ending(Odd(), stop: .lost) == nil)
    #expect(Self.ending(CancellationError(), stop: .lost) == nil)
  }

  @Test func tooMuchProgressIsRefused() {
    let long = String(repeating: "x", count: TaskScheduler.payloadLimit)
    #expect(throws: TaskError.tooLarge(limit: TaskScheduler.payloadLimit)) {
      try TaskEnding(.complete(["long": .string(long)]), period: nil)
    }
  }
}
