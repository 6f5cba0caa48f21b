import DelayedEvents
import MatrixJSON
import RoomEvents

/// What the server says about itself.
enum ServerFacts {
  /// The versions whose paths and answers clients find here. Clients choose endpoints by them:
  /// Element wants v1.5 at the least, and from v1.11 on media is asked for at the new paths only.
  /// A module that is missing answers 404 M_UNRECOGNIZED, which clients take for what it is, so
  /// it is no reason to claim less. `unstable_features` names only what works.
  /// spec: client-server-api#api-versions
  static func versions(_ delayedEvents: DelayedEventLimits) -> JSON {
    [
      "versions": [
        "r0.0.1", "r0.1.0", "r0.2.0", "r0.3.0", "r0.4.0", "r0.5.0", "r0.6.0", "r0.6.1", "v1.1",
        "v1.2", "v1.3", "v1.4", "v1.5", "v1.6", "v1.7", "v1.8", "v1.9", "v1.10", "v1.11", "v1.12",
      ],
      "unstable_features": [
        // Custom profile fields.
        "uk.tcpip.msc4133": true,
        "uk.tcpip.msc4133.stable": true,
        "org.matrix.msc4140": .bool(delayedEvents.isEnabled),
        // State as of the end of a timeline.
        "org.matrix.msc4222": true,
      ],
    ]
  }

  /// spec: client-server-api#capabilities-negotiation
  static func capabilities(
    _ defaultVersion: RoomVersion, _ accounts: AccountCapabilities,
    _ delayedEvents: DelayedEventLimits
  ) -> JSON {
    let available = RoomVersion.all.map { version in
      (version.id, JSON.string(version.isStable ? "stable" : "unstable"))
    }
    var capabilities: JSON = [
      "m.room_versions": [
        "default": .string(defaultVersion.id),
        "available": .object(Dictionary(available) { first, _ in first }),
      ],
      "m.change_password": ["enabled": .bool(accounts.changesPasswords)],
      "m.profile_fields": ["enabled": true],
      "m.set_displayname": ["enabled": true],
      "m.set_avatar_url": ["enabled": true],
      "m.3pid_changes": ["enabled": false],
      "m.get_login_token": ["enabled": .bool(accounts.handsOutLoginTokens)],
      "m.forget_forced_upon_leave": ["enabled": false],
    ]
    for name in ["m.delayed_events", "org.matrix.msc4140.delayed_events"] {
      capabilities[name] = delayed(delayedEvents)
    }
    return ["capabilities": capabilities]
  }

  /// MSC4140. Without it clients take it that nothing is sent later.
  private static func delayed(_ limits: DelayedEventLimits) -> JSON? {
    guard limits.isEnabled, let longest = limits.longestDelay else { return nil }
    return ["max_delay_ms": .integer(longest), "max_scheduled": .integer(limits.perUser)]
  }
}

/// What users may do with their accounts here.
package struct AccountCapabilities: Sendable {
  package let changesPasswords: Bool
  package let handsOutLoginTokens: Bool

  package init(changesPasswords: Bool, handsOutLoginTokens: Bool) {
    self.changesPasswords = changesPasswords
    self.handsOutLoginTokens = handsOutLoginTokens
  }
}
