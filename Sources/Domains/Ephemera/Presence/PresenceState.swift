/// Whether somebody is there.
/// spec: client-server-api#presence
package enum PresenceState: String, Sendable {
  case online, unavailable, offline
}

/// What others are told of a user's presence.
package struct PresenceRecord: Sendable, Equatable {
  package var state: PresenceState
  /// Milliseconds since the epoch; nil for a user who has never done anything.
  package var lastActive: Int64?
  /// What the user wrote about it.
  package var status: String?
  /// While this is true, `lastActive` goes on without being told.
  /// spec: client-server-api#last-active-ago
  package var isActive: Bool
  /// Who the user is, where that is what is new; it is not kept.
  package var profile: PresenceProfile?

  package init(
    state: PresenceState = .offline, lastActive: Int64? = nil, status: String? = nil,
    isActive: Bool = false, profile: PresenceProfile? = nil
  ) {
    self.state = state
    self.lastActive = lastActive
    self.status = status
    self.isActive = isActive
    self.profile = profile
  }
}

/// A user's name and picture as they are now.
/// spec: client-server-api#events-on-change-of-profile-information
package struct PresenceProfile: Sendable, Equatable {
  package let displayName: String?
  package let avatarURL: String?

  package init(displayName: String?, avatarURL: String?) {
    self.displayName = displayName
    self.avatarURL = avatarURL
  }
}
