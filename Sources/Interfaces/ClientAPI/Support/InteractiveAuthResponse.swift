package import Accounts
package import HTTPServing
package import MatrixJSON

/// Interactive authentication as requests and answers have it.
///
/// spec: client-server-api#user-interactive-api-in-the-rest-api
package enum InteractiveAuthExchange {
  /// Reads the `auth` member of a body.
  package static func attempt(in body: JSONView) throws(MatrixError) -> AuthAttempt? {
    guard let auth = try body.optionalObject("auth") else { return nil }
    return AuthAttempt(
      type: try auth.optionalString("type"), session: try auth.optionalString("session"))
  }

  /// Runs `work`, and answers 401 with the flows when authentication is not finished.
  package static func answering(
    _ work: () async throws -> Response
  ) async throws -> Response {
    do {
      return try await work()
    } catch AccountError.interactiveAuthRequired(let state) {
      return .json(401, body(of: state))
    }
  }

  private static func body(of state: InteractiveAuthState) -> JSON {
    var members: [String: JSON] = [
      "session": .string(state.session),
      "flows": .array(state.flows.map { ["stages": stages($0)] }),
      "params": [:],
      "completed": stages(state.completed),
    ]
    if let (code, message) = explanation(of: state.problem) {
      members["errcode"] = .string(code.rawValue)
      members["error"] = .string(message)
    }
    return .object(members)
  }

  private static func stages(_ stages: [AuthStage]) -> JSON {
    .array(stages.map { .string($0.rawValue) })
  }

  private static func explanation(
    of problem: InteractiveAuthState.Problem?
  ) -> (ErrorCode, String)? {
    switch problem {
    case nil: nil
    case .unknownStage: (.unrecognized, "Unknown type of authentication")
    case .stageOutOfOrder: (.forbidden, "This stage is not the next one")
    }
  }
}
