import Testing

@testable import Accounts

struct RefreshMachineTests {
  private static let now: Int64 = 1000
  private static let next = token(9, nil)

  private static func token(_ byte: UInt8, _ end: Int64?) -> RefreshState.Token {
    RefreshState.Token(hash: [byte], validUntil: end)
  }

  private static func state(
    current end: Int64? = nil, previous: RefreshState.Token? = nil, sessionEnd: Int64? = nil
  ) -> RefreshState {
    RefreshState(
      generation: 5, current: token(5, end), previous: previous, sessionEnd: sessionEnd)
  }

  private static func refreshed(
    from presented: RefreshState.Token, ended: ClosedRange<Int64>, sessionEnd: Int64? = nil
  ) -> RefreshMachine.Outcome {
    .refreshed(
      RefreshState(generation: 6, current: next, previous: presented, sessionEnd: sessionEnd),
      endedGenerations: ended)
  }

  struct Case: Sendable {
    let what: String
    let presented: UInt8
    let state: RefreshState
    let outcome: RefreshMachine.Outcome
  }

  @Test(arguments: [
    Case(
      what: "the newest token ends all before it", presented: 5, state: state(),
      outcome: refreshed(from: token(5, nil), ended: 0...4)),
    Case(
      what: "also while the one before is still good", presented: 5,
      state: state(previous: token(3, nil)),
      outcome: refreshed(from: token(5, nil), ended: 0...4)),
    Case(
      what: "the one before ends what was lost on the way", presented: 3,
      state: state(previous: token(3, nil)),
      outcome: refreshed(from: token(3, nil), ended: 5...5)),
    Case(what: "a token that was used up", presented: 3, state: state(), outcome: .unknown),
    Case(
      what: "a token of nobody", presented: 1, state: state(previous: token(3, nil)),
      outcome: .unknown),
    Case(
      what: "in its last moment", presented: 5, state: state(current: now + 1),
      outcome: refreshed(from: token(5, now + 1), ended: 0...4)),
    Case(what: "too late", presented: 5, state: state(current: now), outcome: .expired),
    Case(
      what: "each token has its own end", presented: 5,
      state: state(current: now + 1, previous: token(3, now)),
      outcome: refreshed(from: token(5, now + 1), ended: 0...4)),
    Case(
      what: "the one before, too late", presented: 3,
      state: state(current: now + 1, previous: token(3, now)), outcome: .expired),
    Case(
      what: "the session goes on", presented: 5, state: state(sessionEnd: now + 1),
      outcome: refreshed(from: token(5, nil), ended: 0...4, sessionEnd: now + 1)),
    Case(
      what: "the session is over", presented: 5, state: state(sessionEnd: now),
      outcome: .expired),
  ])
  func outcomes(_ test: Case) {
    let outcome = RefreshMachine.present(
      [test.presented], to: test.state, next: Self.next, now: Self.now)
    #expect(outcome == test.outcome, "\(test.what)")
  }
}
