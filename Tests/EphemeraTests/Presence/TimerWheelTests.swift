import MatrixIdentifiers
import TestKit
import Testing

@testable import Ephemera

@Suite struct TimerWheelTests {
  /// Everybody is looked at, not before the time and not later than the next second.
  @Test(arguments: 0..<20 as Range<UInt64>) func agreesWithANaiveList(seed: UInt64) throws {
    var (wheel, random) = (TimerWheel(), SeededRandom(seed))
    let users = try (0..<8).map { try #require(UserID("@u\($0):x")) }
    var wanted: [UserID: Int64] = [:]
    var now: Int64 = 10_000
    for _ in 0..<2_000 {
      now += Int64.random(in: 0...3_000, using: &random)
      let user = try #require(users.randomElement(using: &random))
      let deadline = now + Int64.random(in: 1...700_000, using: &random)
      wanted[user] = Int.random(in: 0..<5, using: &random) == 0 ? nil : deadline
      wheel.set(user, at: wanted[user], now: now)
      for due in wheel.take(upTo: now) {
        let time = try #require(wanted[due], "nobody is looked at who need not be")
        if time <= now { wanted[due] = nil }
        wheel.set(due, at: wanted[due], now: now)
      }
      for (user, time) in wanted { #expect(time > now - 1_000, "\(user) is late") }
    }
    #expect(wheel.count == wanted.count)
  }

  @Test func nothingToDoMeansNoTick() throws {
    var wheel = TimerWheel()
    let user = try #require(UserID("@a:x"))
    #expect(wheel.next == nil)
    wheel.set(user, at: 5_500, now: 1_000)
    #expect(wheel.next == 6_000)
    wheel.set(user, at: nil, now: 1_000)
    #expect(wheel.next == nil && wheel.take(upTo: 10_000).isEmpty)
  }

  @Test func aLongPauseSkipsNobody() throws {
    var wheel = TimerWheel()
    let users = try (0..<600).map { try #require(UserID("@u\($0):x")) }
    for (index, user) in users.enumerated() {
      wheel.set(user, at: Int64(index) * 1_000, now: 0)
    }
    #expect(Set(wheel.take(upTo: 10_000_000)) == Set(users))
  }
}
