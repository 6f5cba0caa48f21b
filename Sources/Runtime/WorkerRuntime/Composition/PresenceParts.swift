import Accounts
import ClientAPI
import Ephemera
import HTTPServing
import Logging
import Rooms
import ServerConfig
import Streams
import Sync

/// The stream of presence in one process.
struct PresenceStream {
  let values: LatestValues
  /// Set in the process that writes the stream.
  let owner: PresenceOwner?
  private let isFollowed: Bool

  /// Nil where nobody is told who is there.
  init?(_ platform: Platform, owners: any StreamOwner, local: LocalOwner, id: WriterID) {
    let config = platform.config
    guard config.server.presence.isEnabled else { return nil }
    let isWriter = config.fleet.writers(of: .presence).contains(config.identity.instanceName)
    isFollowed = isWriter || config.duties.contains(.serveClients)
    values = LatestValues(
      .presence, writer: isWriter ? id : nil, bus: platform.bus, owner: owners,
      clock: platform.clock)
    owner =
      isWriter
      ? PresenceOwner(
        values: values, store: PresenceStore(database: platform.database),
        executor: platform.executor, clock: platform.clock,
        logger: Logger(label: "apus.presence")) : nil
    owner?.register(in: local)
  }

  /// Runs until cancelled.
  func run() async {
    guard isFollowed else { return }
    await withDiscardingTaskGroup { group in
      group.addTask { await values.run() }
      if let owner { group.addTask { await owner.run() } }
    }
  }
}

/// Presence in one process that serves clients.
struct PresenceParts {
  let presence: Presence
  let reporter: PresenceReporter
  private let values: LatestValues
  private let audience: PresenceAudience
  private let platform: Platform

  /// Nil where nobody is told who is there.
  init?(_ platform: Platform, _ streams: OwnedStreams, joinedRooms: JoinedRooms) {
    guard let stream = streams.presence else { return nil }
    let memberships = MembershipStore(database: platform.database)
    self.platform = platform
    values = stream.values
    audience = PresenceAudience(memberships: memberships, joinedRooms: joinedRooms)
    reporter = PresenceReporter(
      source: platform.config.identity.instanceName, owner: streams.owners,
      executor: platform.executor, clock: platform.clock)
    presence = Presence(
      values: values, owner: streams.owners, reporter: reporter,
      store: PresenceStore(database: platform.database), memberships: memberships,
      clock: platform.clock)
  }

  var announcement: any ProfileChangeObserver { ProfileAnnouncement(reporter: reporter) }

  func provider(_ waker: SyncWaker) -> any SyncProvider {
    PresenceProvider(
      values: values, audience: audience, waker: waker,
      tellsOfflineUsers: platform.config.server.presence.tellsOfflineUsers,
      clock: platform.clock)
  }

  /// Runs until cancelled.
  func run(_ waker: SyncWaker) async {
    await withDiscardingTaskGroup { group in
      group.addTask { await reporter.run() }
      group.addTask { await audience.run(waker) }
    }
  }
}

/// Tells those who see a user's presence of a new name or picture.
private struct ProfileAnnouncement: ProfileChangeObserver {
  let reporter: PresenceReporter

  func profileChanged(of requester: Requester, to profile: Profile) async throws {
    reporter.announce(
      PresenceProfile(displayName: profile.displayName, avatarURL: profile.avatarURL),
      of: requester.userID)
  }
}
