import Accounts
import HTTPServing
import MatrixIdentifiers
import MatrixJSON

/// Registration by whoever knows the server's shared secret.
func sharedSecretRoutes(_ registration: SharedSecretRegistration) -> [Route] {
  [
    adminRoute("admin_register_nonce", .get, "/v1/register") { _ in
      .json(200, ["nonce": .string(try await registration.nonce())])
    },
    adminRoute("admin_register", .post, "/v1/register") { request in
      let session = try await registration(sharedSecretRequest(try request.json()))
      return .json(
        200,
        [
          "user_id": .string(session.userID.text),
          "access_token": .string(session.accessToken),
          "device_id": .string(session.deviceID),
          "home_server": .string(session.userID.serverName.text),
        ])
    },
  ]
}

/// Absent members are `M_BAD_JSON`, as Synapse has it here.
private func sharedSecretRequest(_ body: JSONView) throws(MatrixError) -> SharedSecretRequest {
  func text(_ key: String) throws(MatrixError) -> String {
    guard let value = try body.optionalString(key) else {
      throw .badJSON("\(key) must be specified")
    }
    return value
  }
  guard try body.optionalString("user_type") == nil else {
    throw .invalidParam("user_type is not supported")
  }
  return SharedSecretRequest(
    nonce: try text("nonce"), username: try text("username"), password: try text("password"),
    isAdmin: try body.optionalBool("admin") ?? false,
    displayName: try body.optionalString("displayname"), mac: try text("mac"))
}
