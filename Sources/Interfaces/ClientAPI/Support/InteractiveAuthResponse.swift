package import Accounts
package import HTTPServing
package import MatrixJSON

/// Interactive authentication as requests and answers have it.
///
/// spec: client-server-api#user-interactive-api-in-the-rest-api
package enum InteractiveAuthExchange {
  /// Reads the `auth` member of a body.
  package static func attempt(in body: JSONView) throws -> AuthAttempt? {
    guard let auth = try body.optionalObject("auth") else { return nil }
    return AuthAttempt(
      type: try auth.optionalString("type"), session: try auth.optionalString("session"),
      user: try LoginIdentifier(in: auth)?.user, password: try auth.optionalString("password"),
      token: try auth.optionalString("token"))
  }

  /// The operation of a request that needs its owner's confirmation.
  /// - Parameter name: names the endpoint and what in its path matters.
  package static func operation(
    _ name: String, _ body: JSONView, isSkippable: Bool = false, happensOnce: Bool = false
  ) throws -> GuardedOperation {
    guard let content = try? canonicalJSON(body, dropping: ["auth"], numbers: .all) else {
      throw MatrixError.badJSON("The body has no canonical form")
    }
    return GuardedOperation(
      name: name, content: content, isSkippable: isSkippable, happensOnce: happensOnce)
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
      "params": .object(parameters(of: state)),
      "completed": stages(state.completed),
    ]
    if let problem = state.problem {
      members["errcode"] = .string(problem.code.rawValue)
      members["error"] = .string(problem.explanation)
    }
    return .object(members)
  }

  private static func stages(_ stages: [AuthStage]) -> JSON {
    .array(stages.map { .string($0.rawValue) })
  }

  private static func parameters(of state: InteractiveAuthState) -> [String: JSON] {
    guard !state.policies.isEmpty else { return [:] }
    var policies: [String: JSON] = [:]
    for policy in state.policies {
      var members: [String: JSON] = ["version": .string(policy.version)]
      for translation in policy.translations {
        members[translation.language] = [
          "name": .string(translation.name), "url": .string(translation.url),
        ]
      }
      policies[policy.id] = .object(members)
    }
    return [AuthStage.terms.rawValue: ["policies": .object(policies)]]
  }
}

extension InteractiveAuthState.Problem {
  var code: ErrorCode {
    switch self {
    case .unknownStage: .unrecognized
    case .stageOutOfOrder, .wrongPassword: .forbidden
    case .registrationTokenMissing: .missingParam
    case .invalidRegistrationToken: .unauthorized
    }
  }

  var explanation: String {
    switch self {
    case .unknownStage: "Unknown type of authentication"
    case .stageOutOfOrder: "This stage is not the next one"
    case .wrongPassword: "Invalid username or password"
    case .registrationTokenMissing: "Missing registration token"
    case .invalidRegistrationToken: "Invalid registration token"
    }
  }
}

/// The user that a login or a stage of authentication names, in the present form or in the older
/// ones.
///
/// spec: client-server-api#identifier-types
struct LoginIdentifier {
  /// A user id or its localpart.
  let user: String

  /// Nil when the object names nobody.
  /// - Throws: `wrongCredentials` for e-mail addresses and phone numbers, as none is known.
  init?(in object: JSONView) throws {
    guard let identifier = try object.optionalObject("identifier") else {
      if let user = try object.optionalString("user") {
        self.user = user
        return
      }
      if try object.optionalString("address") != nil { throw AccountError.wrongCredentials }
      return nil
    }
    switch try identifier.optionalString("type") {
    case "m.id.user": user = try identifier.requiredString("user")
    case "m.id.thirdparty", "m.id.phone": throw AccountError.wrongCredentials
    case nil: throw MatrixError.missingParam("identifier.type")
    default: throw MatrixError.badRequest("Unknown login identifier type")
    }
  }
}
