import Accounts
import HTTPServing
import MatrixJSON

/// Synapse's API for the tokens by which people may register.
func registrationTokenRoutes(_ tokens: RegistrationTokens, _ admin: AdminOnly) -> [Route] {
  [
    adminRoute(
      "admin_registration_tokens", .get, "/v1/registration_tokens",
      admin { request in
        var valid: Bool?
        if request.query["valid"] != nil {
          valid = try request.query.bool("valid", default: false)
        }
        let found = try await tokens.list(valid: valid)
        return .json(200, ["registration_tokens": .array(found.map { json($0) })])
      }),
    adminRoute(
      "admin_create_registration_token", .post, "/v1/registration_tokens/new",
      admin { request in
        let body = try request.json()
        let made = try await tokens.create(
          try body.optionalString("token"),
          length: try body.optionalInteger("length") ?? RegistrationTokens.defaultLength,
          usesAllowed: try body.optionalInteger("uses_allowed"),
          expiryTime: try body.optionalInteger("expiry_time"))
        return .json(200, json(made))
      }),
    adminRoute(
      "admin_registration_token", .get, "/v1/registration_tokens/{token}",
      admin { request in .json(200, json(try await tokens.get(request.path("token")))) }),
    adminRoute(
      "admin_update_registration_token", .put, "/v1/registration_tokens/{token}",
      admin { request in
        let body = try request.json()
        let updated = try await tokens.update(
          request.path("token"), usesAllowed: try change("uses_allowed", in: body),
          expiryTime: try change("expiry_time", in: body))
        return .json(200, json(updated))
      }),
    adminRoute(
      "admin_delete_registration_token", .delete, "/v1/registration_tokens/{token}",
      admin { request in
        try await tokens.delete(request.path("token"))
        return .empty
      }),
  ]
}

/// Nil for an absent member, a nil within for `null`, which removes a limit.
private func change(_ key: String, in body: JSONView) throws(MatrixError) -> Int64?? {
  guard body[key] != nil else { return nil }
  return .some(try body.optionalInteger(key))
}

private func json(_ token: RegistrationToken) -> JSON {
  [
    "token": .string(token.token),
    "uses_allowed": token.usesAllowed.map { .integer($0) } ?? .null,
    "pending": .integer(token.pending), "completed": .integer(token.completed),
    "expiry_time": token.expiryTime.map { .integer($0) } ?? .null,
  ]
}
