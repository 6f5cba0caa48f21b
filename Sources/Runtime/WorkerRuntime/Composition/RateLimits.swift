import Accounts
import MatrixIdentifiers
import ServerConfig
import Streams

extension RateLimiter {
  init(_ platform: Platform) {
    let local = LocalBuckets(clock: platform.clock)
    let limits = platform.config.rateLimits.byName.mapValues {
      Accounts.RateLimit(perSecond: $0.perSecond, burst: $0.burstCount)
    }
    if let bus = platform.bus as? RedisBus {
      self.init(
        limits: limits,
        buckets: SharedBuckets(
          serverName: platform.config.server.serverName.text, client: bus.client, local: local))
    } else {
      self.init(limits: limits, buckets: local)
    }
  }
}

extension RateLimitsSection {
  /// The limits that are set.
  fileprivate var byName: [RateLimitName: ServerConfig.RateLimit] {
    var limits: [RateLimitName: ServerConfig.RateLimit] = [
      .message: message, .registration: registration,
      .registrationTokenValidity: registrationTokenValidity, .roomCreation: roomCreation,
      .loginAddress: login.address, .loginAccount: login.account,
      .loginFailed: login.failedAttempts, .joinLocal: joins.local, .joinRemote: joins.remote,
      .joinPerRoom: joins.perRoom, .invitePerRoom: invites.perRoom,
      .invitePerUser: invites.perUser, .invitePerIssuer: invites.perIssuer,
      .thirdPartyInvite: invites.thirdParty, .threepidValidation: threepidValidation,
      .mediaCreate: mediaCreate, .keyRequests: keyRequests, .presence: presence,
      .delayedEvents: delayedEvents, .reports: reports, .userDirectory: userDirectory,
      .profile: profile,
    ]
    limits[.adminRedaction] = adminRedaction
    return limits
  }
}
