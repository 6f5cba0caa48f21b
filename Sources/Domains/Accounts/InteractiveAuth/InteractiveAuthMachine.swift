/// Decides whether a flow has been passed, and which proof comes next. It only knows names of
/// stages; whoever runs it checks the proof itself.
struct InteractiveAuthMachine: Sendable {
  enum Step: Equatable {
    case passed
    /// The proof is to be checked; if it holds the stage counts as completed.
    case check(AuthStage)
    case more(InteractiveAuthState.Problem?)
  }

  let flows: [[AuthStage]]

  /// - Parameter type: what the client says that it proves; nil when it only asks again.
  func step(completed: [AuthStage], attempt type: String?) -> Step {
    if isPassed(completed) { return .passed }
    guard let type else { return .more(nil) }
    guard let stage = AuthStage(rawValue: type) else { return .more(.unknownStage) }
    // Completed stages cannot be tried again.
    if completed.contains(stage) { return .more(nil) }
    guard isNext(stage, after: completed) else { return .more(.stageOutOfOrder) }
    return .check(stage)
  }

  func isPassed(_ completed: [AuthStage]) -> Bool {
    flows.contains(completed)
  }

  private func isNext(_ stage: AuthStage, after completed: [AuthStage]) -> Bool {
    flows.contains { $0.starts(with: completed + [stage]) }
  }
}
