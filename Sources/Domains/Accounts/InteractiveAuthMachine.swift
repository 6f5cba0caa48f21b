/// The kinds of proof that this server can ask for.
///
/// spec: client-server-api#authentication-types
package enum AuthStage: String, Sendable, CaseIterable {
  case dummy = "m.login.dummy"
}

/// What a client may still do to pass; the body of a 401.
///
/// spec: client-server-api#user-interactive-api-in-the-rest-api
package struct InteractiveAuthState: Sendable, Equatable {
  package let session: String
  package let flows: [[AuthStage]]
  package let completed: [AuthStage]
  package let problem: Problem?

  package enum Problem: Sendable, Equatable {
    /// The client tried a kind of proof that the server does not know.
    case unknownStage
    /// A known kind, but not the next one of any flow.
    case stageOutOfOrder
  }
}

/// The `auth` object of a request.
package struct AuthAttempt: Sendable, Equatable {
  package let type: String?
  package let session: String?

  package init(type: String?, session: String?) {
    self.type = type
    self.session = session
  }
}

/// Decides whether a flow has been passed. It only knows names of stages; whoever runs it checks
/// the proof itself.
struct InteractiveAuthMachine: Sendable {
  enum Outcome: Equatable {
    case passed
    case more(completed: [AuthStage], InteractiveAuthState.Problem?)
  }

  let flows: [[AuthStage]]

  func step(completed: [AuthStage], attempt type: String?) -> Outcome {
    guard let type else { return outcome(completed, nil) }
    guard let stage = AuthStage(rawValue: type) else { return outcome(completed, .unknownStage) }
    if completed.contains(stage) { return outcome(completed, nil) }
    let next = completed + [stage]
    guard flows.contains(where: { $0.starts(with: next) }) else {
      return outcome(completed, .stageOutOfOrder)
    }
    return outcome(next, nil)
  }

  private func outcome(
    _ completed: [AuthStage], _ problem: InteractiveAuthState.Problem?
  ) -> Outcome {
    flows.contains(completed) ? .passed : .more(completed: completed, problem)
  }
}
