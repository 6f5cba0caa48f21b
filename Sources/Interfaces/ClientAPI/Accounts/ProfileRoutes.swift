import Accounts
import HTTPServing
import MatrixIdentifiers
import MatrixJSON

/// spec: client-server-api#profiles
func profileRoutes(_ profiles: Profiles, _ authenticated: Authenticated) -> [Route] {
  let whole = accountRoute("profile", .get, "/profile/{userId}") { request in
    let profile = try await profiles.profile(of: try userID(in: request))
    return .json(200, json(profile, ProfileField.allCases))
  }
  return [whole]
    + ProfileField.allCases.flatMap { field in
      [
        accountRoute("profile_\(field.rawValue)", .get, "/profile/{userId}/\(field.rawValue)") {
          .json(200, json(try await profiles.profile(of: try userID(in: $0)), [field]))
        },
        accountRoute(
          "set_profile_\(field.rawValue)", .put, "/profile/{userId}/\(field.rawValue)",
          authenticated { requester, request in
            let user = try userID(in: request)
            let value = try request.json().requiredString(field.rawValue)
            try await profiles.set(field, to: value, of: user, by: requester)
            return .empty
          }),
      ]
    }
}

private func userID(in request: Request) throws(MatrixError) -> UserID {
  guard let user = UserID(request.path("userId")) else {
    throw .invalidParam("Not a valid user ID")
  }
  return user
}

/// Fields that are not set are left out.
private func json(_ profile: Profile, _ fields: [ProfileField]) -> JSON {
  var members: [String: JSON] = [:]
  for field in fields {
    let value =
      switch field {
      case .displayName: profile.displayName
      case .avatarURL: profile.avatarURL
      }
    if let value { members[field.rawValue] = .string(value) }
  }
  return .object(members)
}
