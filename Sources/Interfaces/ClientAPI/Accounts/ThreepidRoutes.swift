import Accounts
import HTTPServing
import MatrixJSON

/// E-mail addresses and phone numbers of accounts. This server cannot check any, so there are
/// none, and every way to add one says so.
///
/// spec: client-server-api#adding-account-administrative-contact-information
func threepidRoutes(_ authenticated: Authenticated) -> [Route] {
  [
    accountRoute(
      "threepids", .get, "/account/3pid",
      authenticated { _, _ in .json(200, ["threepids": []]) }),
    adding("add_threepid_deprecated", "/account/3pid", ["three_pid_creds"], authenticated),
    adding("add_threepid", "/account/3pid/add", ["client_secret", "sid"], authenticated),
    adding(
      "bind_threepid", "/account/3pid/bind", ["client_secret", "id_server", "sid"],
      authenticated, [.v3, .r0, .unstable]),
    removing("delete_threepid", "/account/3pid/delete", "success", authenticated),
    removing(
      "unbind_threepid", "/account/3pid/unbind", "no-support", authenticated,
      [.v3, .r0, .unstable]),
    validating(.email, "register", "/register", .unsupported, authenticated),
    validating(.phone, "register", "/register", .unsupported, authenticated),
    validating(.email, "password", "/account/password", .unknown, authenticated),
    validating(.phone, "password", "/account/password", .unknown, authenticated),
    validating(.email, "threepid", "/account/3pid", .unsupported, authenticated),
    validating(.phone, "threepid", "/account/3pid", .unsupported, authenticated),
  ]
}

private enum Medium: String {
  case email
  case phone = "msisdn"

  var parameters: [String] {
    switch self {
    case .email: ["email"]
    case .phone: ["country", "phone_number"]
    }
  }
}

private enum ValidationRefusal {
  case unsupported
  /// Nobody has the address, so nobody's password can be reset by it.
  case unknown

  var error: MatrixError {
    switch self {
    case .unsupported:
      .badRequest(
        "Addresses of this kind cannot be checked on this server",
        code: .threepidMediumNotSupported)
    case .unknown:
      .badRequest("No account has this address", code: .threepidNotFound)
    }
  }
}

private func adding(
  _ id: String, _ endpoint: String, _ parameters: [String], _ authenticated: Authenticated,
  _ prefixes: [ClientPrefix] = [.v3, .r0]
) -> Route {
  accountRoute(
    id, .post, endpoint, at: prefixes,
    authenticated { _, request in
      let body = try request.json()
      for parameter in parameters { _ = try body.required(parameter) }
      throw MatrixError.forbidden("Addresses cannot be added to accounts of this server")
    })
}

private func removing(
  _ id: String, _ endpoint: String, _ result: String, _ authenticated: Authenticated,
  _ prefixes: [ClientPrefix] = [.v3, .r0]
) -> Route {
  accountRoute(
    id, .post, endpoint, at: prefixes,
    authenticated { _, request in
      let body = try request.json()
      let medium = try body.requiredString("medium")
      guard Medium(rawValue: medium) != nil else {
        throw MatrixError.invalidParam("medium must be email or msisdn")
      }
      _ = try body.requiredString("address")
      return .json(200, ["id_server_unbind_result": .string(result)])
    })
}

private func validating(
  _ medium: Medium, _ purpose: String, _ endpoint: String, _ refusal: ValidationRefusal,
  _ authenticated: Authenticated
) -> Route {
  accountRoute(
    "\(purpose)_\(medium.rawValue)_token", .post,
    "\(endpoint)/\(medium.rawValue)/requestToken"
  ) { request in
    let body = try request.json()
    for parameter in ["client_secret"] + medium.parameters {
      _ = try body.requiredString(parameter)
    }
    _ = try body.required("send_attempt")
    try await authenticated.limiter.check(.threepidValidation, key: request.remoteAddress)
    throw refusal.error
  }
}
