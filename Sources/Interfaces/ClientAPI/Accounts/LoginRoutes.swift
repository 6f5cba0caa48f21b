import Accounts
import HTTPServing
import MatrixJSON

/// The kinds of login that are offered.
///
/// spec: client-server-api#legacy-login
private enum LoginType: String, CaseIterable {
  case password = "m.login.password"
}

func loginRoutes(_ login: LoginByPassword) -> [Route] {
  let flows: JSON = [
    "flows": .array(LoginType.allCases.map { ["type": .string($0.rawValue)] })
  ]
  return [
    accountRoute("login_flows", .get, "/login") { _ in .json(200, flows) },
    accountRoute("login", .post, "/login") { request in
      let body = try request.json()
      switch LoginType(rawValue: try body.requiredString("type")) {
      case .password:
        return .json(200, JSON(try await login(try passwordLogin(body))))
      case nil:
        throw MatrixError.badRequest("Unknown login type")
      }
    },
  ]
}

private func passwordLogin(_ body: JSONView) throws -> PasswordLogin {
  PasswordLogin(
    user: try loginName(body), password: try body.requiredString("password"),
    device: try DeviceRequest(body))
}

/// The user that the body identifies, in the present form or in the older ones.
/// - Throws: `wrongCredentials` for e-mail addresses and phone numbers, as none is known.
///
/// spec: client-server-api#identifier-types
private func loginName(_ body: JSONView) throws -> String {
  guard let identifier = try body.optionalObject("identifier") else {
    if let user = try body.optionalString("user") { return user }
    if try body.optionalString("address") != nil { throw AccountError.wrongCredentials }
    throw MatrixError.missingParam("identifier")
  }
  switch try identifier.optionalString("type") {
  case "m.id.user": return try identifier.requiredString("user")
  case "m.id.thirdparty", "m.id.phone": throw AccountError.wrongCredentials
  case nil: throw MatrixError.missingParam("identifier.type")
  default: throw MatrixError.badRequest("Unknown login identifier type")
  }
}
