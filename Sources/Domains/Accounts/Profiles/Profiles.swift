package import MatrixIdentifiers
package import MatrixJSON
package import Postgres

/// Tells others of a changed profile; bound by the runtime, as rooms and presence are above
/// accounts.
///
/// spec: client-server-api#events-on-change-of-profile-information
package protocol ProfileChangeObserver: Sendable {
  /// Called after the change has been committed.
  func profileChanged(of requester: Requester, to profile: Profile) async throws
}

/// What this server's users tell of themselves.
package struct Profiles: Sendable {
  private let database: Database
  private let observers: [any ProfileChangeObserver]

  /// - Parameter observers: told one after the other.
  package init(database: Database, observers: [any ProfileChangeObserver] = []) {
    self.database = database
    self.observers = observers
  }

  /// - Throws: `AccountError.unknownProfile` for users that are not on this server, too.
  package func profile(of user: UserID) async throws -> Profile {
    guard let profile = try await ProfileStore.profile(user, on: database) else {
      throw AccountError.unknownProfile
    }
    return profile
  }

  /// - Throws: `AccountError.unknownProfile`.
  package func whole(of user: UserID) async throws -> WholeProfile {
    guard let profile = try await ProfileStore.whole(user, on: database) else {
      throw AccountError.unknownProfile
    }
    return profile
  }

  /// - Throws: `AccountError.notOwnProfile`, `.guestRefused`, `.profileFault`, `.tooLong`,
  ///   `.unusableText`, `.unknownProfile`.
  package func set(
    _ key: ProfileKey, to value: JSONView, of user: UserID, by requester: Requester
  ) async throws {
    switch key {
    case .standard(let field):
      guard let text = value.string else { throw AccountError.profileFault(.mustBeText) }
      try await set(field, to: text, of: user, by: requester)
    case .custom(let name):
      try check(key, user, requester)
      if name == ProfileKey.timeZone, value.string == nil {
        throw AccountError.profileFault(.mustBeText)
      }
      guard let bytes = try? canonicalJSON(value) else {
        throw AccountError.profileFault(.badValue)
      }
      try await setCustom(name, to: bytes, of: user)
    }
  }

  /// - Parameter value: an empty text removes the field.
  /// - Throws: as above.
  package func set(
    _ field: ProfileField, to value: String, of user: UserID, by requester: Requester
  ) async throws {
    try check(.standard(field), user, requester)
    try StorableText.check(value, field: field.rawValue, limit: field.limit)
    let stored = value.isEmpty ? nil : value
    guard let profile = try await ProfileStore.set(field, to: stored, of: user, on: database)
    else { throw AccountError.unknownProfile }
    for observer in observers {
      try await observer.profileChanged(of: requester, to: profile)
    }
  }

  /// Nothing happens to a field that is not set.
  /// - Throws: as above.
  package func remove(
    _ key: ProfileKey, of user: UserID, by requester: Requester
  ) async throws {
    switch key {
    case .standard(let field):
      try await set(field, to: "", of: user, by: requester)
    case .custom(let name):
      try check(key, user, requester)
      try await ProfileStore.deleteField(name, of: user, on: database)
    }
  }

  private func setCustom(_ name: String, to value: [UInt8], of user: UserID) async throws {
    try await database.transaction { transaction in
      // Other fields must not grow meanwhile.
      _ = try await DeviceStore.lockUser(user, on: transaction)
      guard let whole = try await ProfileStore.whole(user, on: transaction) else {
        throw AccountError.unknownProfile
      }
      guard whole.setting(name, to: value).json.count <= WholeProfile.limit else {
        throw AccountError.profileFault(.profileTooLarge)
      }
      try await ProfileStore.setField(name, to: value, of: user, on: transaction)
    }
  }

  /// Guests may only have a display name.
  ///
  /// spec: client-server-api#guest-access
  private func check(_ key: ProfileKey, _ user: UserID, _ requester: Requester) throws {
    guard user == requester.userID else { throw AccountError.notOwnProfile }
    guard !requester.isGuest || key == .standard(.displayName) else {
      throw AccountError.guestRefused
    }
  }
}
