import Testing

@testable import Accounts

struct InteractiveAuthMachineTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let flows: [[AuthStage]]
    let completed: [AuthStage]
    let type: String?
    let step: InteractiveAuthMachine.Step
    var testDescription: String { "\(flows): \(completed) then \(type ?? "nothing")" }

    init(
      _ flows: [[AuthStage]], _ completed: [AuthStage], _ type: String?,
      _ step: InteractiveAuthMachine.Step
    ) {
      self.flows = flows
      self.completed = completed
      self.type = type
      self.step = step
    }
  }

  private static let one: [[AuthStage]] = [[.dummy]]
  private static let three: [[AuthStage]] = [[.registrationToken, .dummy, .terms]]
  private static let either: [[AuthStage]] = [[.password], [.dummy, .terms]]

  @Test(arguments: [
    Case(one, [], nil, .more(nil)),
    Case(one, [], "m.login.dummy", .check(.dummy)),
    Case(one, [.dummy], nil, .passed),
    Case(one, [.dummy], "m.login.dummy", .passed),
    Case(one, [.dummy], "m.login.other", .passed),
    Case(one, [], "m.login.other", .more(.unknownStage)),
    Case(one, [], "", .more(.unknownStage)),
    Case(one, [], "m.login.password", .more(.stageOutOfOrder)),
    Case([], [], "m.login.dummy", .more(.stageOutOfOrder)),
    Case(three, [], "m.login.terms", .more(.stageOutOfOrder)),
    Case(three, [], "m.login.registration_token", .check(.registrationToken)),
    Case(three, [.registrationToken], "m.login.registration_token", .more(nil)),
    Case(three, [.registrationToken], "m.login.terms", .more(.stageOutOfOrder)),
    Case(three, [.registrationToken], "m.login.dummy", .check(.dummy)),
    Case(three, [.registrationToken, .dummy], "m.login.terms", .check(.terms)),
    Case(three, [.registrationToken, .dummy], nil, .more(nil)),
    Case(three, [.registrationToken, .dummy, .terms], nil, .passed),
    Case(either, [], "m.login.password", .check(.password)),
    Case(either, [.password], nil, .passed),
    Case(either, [.dummy], "m.login.password", .more(.stageOutOfOrder)),
    Case(either, [.dummy], "m.login.terms", .check(.terms)),
  ])
  func steps(_ test: Case) {
    let machine = InteractiveAuthMachine(flows: test.flows)
    #expect(machine.step(completed: test.completed, attempt: test.type) == test.step)
  }

  @Test func passedMeansAWholeFlow() {
    let machine = InteractiveAuthMachine(flows: Self.three)
    #expect(!machine.isPassed([.registrationToken, .dummy]))
    #expect(!machine.isPassed([.dummy, .registrationToken, .terms]))
    #expect(machine.isPassed([.registrationToken, .dummy, .terms]))
  }
}
