import Testing

@testable import Accounts

struct InteractiveAuthMachineTests {
  private let dummyOnly = InteractiveAuthMachine(flows: [[.dummy]])

  struct Case: Sendable, CustomTestStringConvertible {
    let completed: [AuthStage]
    let type: String?
    let outcome: InteractiveAuthMachine.Outcome
    var testDescription: String { "\(completed) then \(type ?? "nothing")" }
  }

  @Test(arguments: [
    Case(completed: [], type: nil, outcome: .more(completed: [], nil)),
    Case(completed: [], type: "m.login.dummy", outcome: .passed),
    Case(completed: [.dummy], type: nil, outcome: .passed),
    Case(completed: [.dummy], type: "m.login.dummy", outcome: .passed),
    Case(completed: [], type: "m.login.other", outcome: .more(completed: [], .unknownStage)),
    Case(completed: [], type: "", outcome: .more(completed: [], .unknownStage)),
  ])
  func oneStage(_ test: Case) {
    #expect(dummyOnly.step(completed: test.completed, attempt: test.type) == test.outcome)
  }

  @Test func stageThatNoFlowWantsNext() {
    let nothing = InteractiveAuthMachine(flows: [])
    #expect(
      nothing.step(completed: [], attempt: "m.login.dummy")
        == .more(completed: [], .stageOutOfOrder))
  }
}
