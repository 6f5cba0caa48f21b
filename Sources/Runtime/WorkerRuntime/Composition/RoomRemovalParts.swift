import Accounts
import AdminAPI
import Ephemera
import HTTPServing
import PushRules
import RoomRemoval
import Rooms
import ServerConfig
import Streams
import TaskScheduler

/// The removal of old history and of whole rooms: every process can ask for it, those that run
/// tasks do it.
struct RoomRemovalParts {
  private let purge: SchedulePurge
  private let deletions: ScheduleDeletion
  private let blocked: BlockedRooms

  init(_ platform: Platform, _ streams: EventStreams, _ tasks: TaskParts) {
    let database = platform.database
    let locks = WorkerLocks(database: database)
    blocked = BlockedRooms(database: database)
    deletions = ScheduleDeletion(scheduler: tasks.scheduler)
    purge = SchedulePurge(
      scheduler: tasks.scheduler,
      places: FindEventByTime(
        access: RoomAccess(
          memberships: MembershipStore(database: database), states: StateStore(database: database)),
        events: EventStore(database: database)),
      database: database)
    let history = PurgeHistory(locks: locks, invalidations: streams.invalidations)
    tasks.registry.register(PurgeHistory.action) { try await history($0) }
    registerRetention(platform, tasks)
    let room = DeleteRoom(
      evacuation: Self.evacuation(platform, streams), persister: streams.persister,
      erasures: [
        { try await PushErasure.removeSome(of: $0, limit: $1, in: $2) },
        { try await ReceiptErasure.removeSome(of: $0, limit: $1, in: $2) },
        { try await RoomErasure.removeSome(of: $0, limit: $1, in: $2) },
      ],
      locks: locks, invalidations: streams.invalidations)
    tasks.registry.register(DeleteRoom.action) { try await room($0) }
  }

  private func registerRetention(_ platform: Platform, _ tasks: TaskParts) {
    let section = platform.config.retention
    guard section.enabled else { return }
    let retention = ApplyRetention(
      policy: RetentionPolicy(
        standard: section.defaultLifetime, shortest: section.shortestLifetime,
        longest: section.longestLifetime),
      purge: purge, database: platform.database, clock: platform.clock)
    tasks.registry.register(ApplyRetention.action(every: section.interval)) {
      try await retention($0)
    }
  }

  func routes(_ authenticator: Authenticator) -> [Route] {
    purgeRoutes(purge, authenticator) + roomDeletionRoutes(deletions, blocked, authenticator)
  }

  private static func evacuation(
    _ platform: Platform, _ streams: EventStreams
  ) -> RoomEvacuation {
    let (database, server) = (platform.database, platform.config.server)
    let profiles = Profiles(database: database)
    let aliases = AliasStore(database: database)
    return RoomEvacuation(
      create: CreateRoom(
        persister: streams.persister, aliases: aliases, profiles: profiles,
        serverName: server.serverName, signingKey: server.signingKey, clock: platform.clock),
      membership: RoomTools.membership(
        platform, persister: streams.persister, profiles: profiles),
      send: SendEvent(
        persister: streams.persister, aliases: aliases, states: StateStore(database: database)),
      memberships: MembershipStore(database: database), aliases: aliases,
      blocked: BlockedRooms(database: database), serverName: server.serverName)
  }
}
