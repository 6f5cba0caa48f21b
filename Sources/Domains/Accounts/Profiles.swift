package import MatrixIdentifiers
package import Postgres

package struct Profile: Sendable, Equatable {
  package let displayName: String?
  package let avatarURL: String?

  package init(displayName: String?, avatarURL: String?) {
    self.displayName = displayName
    self.avatarURL = avatarURL
  }
}

/// The keys of a profile, named as in requests and events.
package enum ProfileField: String, Sendable, CaseIterable {
  case displayName = "displayname"
  case avatarURL = "avatar_url"

  fileprivate var limit: Int {
    switch self {
    case .displayName: StorableText.displayNameLimit
    case .avatarURL: StorableText.avatarURLLimit
    }
  }
}

/// Carries a changed profile into the user's rooms; bound by the runtime, as rooms are above
/// accounts.
///
/// spec: client-server-api#events-on-change-of-profile-information
package protocol ProfileChangeObserver: Sendable {
  /// Called after the change has been committed.
  func profileChanged(of requester: Requester, to profile: Profile) async throws
}

/// Display names and avatars of this server's users.
package struct Profiles: Sendable {
  private let database: Database
  private let observer: (any ProfileChangeObserver)?

  package init(database: Database, observer: (any ProfileChangeObserver)? = nil) {
    self.database = database
    self.observer = observer
  }

  /// - Throws: `AccountError.unknownProfile` for users that are not on this server, too.
  package func profile(of user: UserID) async throws -> Profile {
    guard let profile = try await UserStore.profile(user, on: database) else {
      throw AccountError.unknownProfile
    }
    return profile
  }

  /// - Parameter value: an empty text removes the field.
  /// - Throws: `AccountError.notOwnProfile`, `.tooLong`, `.unusableText`, `.unknownProfile`.
  package func set(
    _ field: ProfileField, to value: String, of user: UserID, by requester: Requester
  ) async throws {
    guard user == requester.userID else { throw AccountError.notOwnProfile }
    try StorableText.check(value, field: field.rawValue, limit: field.limit)
    let stored = value.isEmpty ? nil : value
    guard let profile = try await UserStore.set(field, to: stored, of: user, on: database) else {
      throw AccountError.unknownProfile
    }
    try await observer?.profileChanged(of: requester, to: profile)
  }
}
