/// A leaky bucket: each action fills it by one, `perSecond` flow out of it, and what would make it
/// hold more than `burst` is refused.
package struct RateLimit: Sendable, Hashable {
  /// From here on a limit is meant to hold nobody back, so nothing is counted.
  private static let unlimited = 1_000_000
  /// Actions in a second at the least: what is meant never to flow out does so within days.
  private static let slowest = 1e-6
  private static let microseconds = 1e6

  package let perSecond: Double
  package let burst: Int

  package init(perSecond: Double, burst: Int) {
    self.perSecond = perSecond
    self.burst = burst
  }

  package var isUnlimited: Bool {
    burst >= Self.unlimited || perSecond >= Double(Self.unlimited)
  }

  /// Microseconds in which one action flows out.
  package var interval: Int64 {
    Int64(Self.microseconds / max(perSecond, Self.slowest))
  }

  /// Microseconds in which a full bucket becomes empty.
  package var capacity: Int64 {
    Int64(min(max(burst, 0), Self.unlimited)) * interval
  }
}

/// What is limited, each with buckets of its own; named as the keys that set the limit.
package enum RateLimitName: String, Sendable, CaseIterable {
  case message = "rc_message"
  case registration = "rc_registration"
  case registrationTokenValidity = "rc_registration_token_validity"
  case loginAddress = "rc_login.address"
  case loginAccount = "rc_login.account"
  case loginFailed = "rc_login.failed_attempts"
  case adminRedaction = "rc_admin_redaction"
  case roomCreation = "rc_room_creation"
  case joinLocal = "rc_joins.local"
  case joinRemote = "rc_joins.remote"
  case joinPerRoom = "rc_joins_per_room"
  case invitePerRoom = "rc_invites.per_room"
  case invitePerUser = "rc_invites.per_user"
  case invitePerIssuer = "rc_invites.per_issuer"
  case thirdPartyInvite = "rc_third_party_invite"
  case threepidValidation = "rc_3pid_validation"
  case mediaCreate = "rc_media_create"
  case keyRequests = "rc_key_requests"
  case presence = "rc_presence.per_user"
  case delayedEvents = "rc_delayed_event_mgmt"
  case reports = "rc_reports"
  case userDirectory = "rc_user_directory"
  case profile = "rc_profile"
}

/// A limit that an administrator has set for one user.
package struct RateLimitOverride: Sendable, Hashable {
  /// 0 frees the user of every limit.
  package let messagesPerSecond: Int64
  package let burstCount: Int64

  package init(messagesPerSecond: Int64, burstCount: Int64) {
    self.messagesPerSecond = messagesPerSecond
    self.burstCount = burstCount
  }
}
