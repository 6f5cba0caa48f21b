import Accounts
import AdminAPI
import DelayedEvents
import Ephemera
import HTTPServing
import PushRules
import RoomRemoval
import Rooms
import ServerConfig
import Streams
import TaskScheduler

/// What administrators do with rooms. The removal of old history and of whole rooms is asked for by
/// any process, and done by those that run tasks.
struct RoomAdminParts {
  private let rooms: AdminRooms
  private let purge: SchedulePurge
  private let deletions: ScheduleDeletion
  private let blocked: BlockedRooms

  init(_ platform: Platform, _ streams: EventStreams, _ tasks: TaskParts) {
    let database = platform.database
    let locks = WorkerLocks(database: database)
    rooms = Self.rooms(platform, streams)
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
    tasks.registry.register(PurgeHistory.action) { [scheduler = tasks.scheduler] run in
      let outcome = try await history(run)
      if case .complete = outcome, let room = run.resource {
        // The states of what is gone.
        try await scheduler.schedule(
          CleanRoomState.action, NoPayload(), resource: room,
          uniqueKey: "\(CleanRoomState.action.name) \(room)")
      }
      return outcome
    }
    registerRetention(platform, tasks)
    let ends = JoinEndsOfRooms(
      ends: JoinEnds(
        database: database, persister: streams.persister,
        serverName: platform.config.server.serverName))
    tasks.registry.register(JoinEndsOfRooms.action) { try await ends($0) }
    let room = DeleteRoom(
      evacuation: Self.evacuation(platform, streams), persister: streams.persister,
      erasures: Self.erasures, locks: locks, invalidations: streams.invalidations)
    tasks.registry.register(DeleteRoom.action) { try await room($0) }
  }

  /// Who is no member any more adds nothing to what comes after.
  private static let erasures: [DeleteRoom.Erasure] = [
    DeleteRoom.Erasure("events") {
      try await RoomErasure.removeEvents(of: $0, after: $1, limit: $2, in: $3)
    },
    DeleteRoom.Erasure("members") {
      (try await RoomErasure.removeMembers(of: $0, limit: $2, in: $3), $1)
    },
    DeleteRoom.Erasure("unread counts") {
      try await PushErasure.removeEvents(of: $0, after: $1, limit: $2, in: $3)
    },
    DeleteRoom.Erasure("threads of unread counts") {
      (try await PushErasure.removeSome(of: $0, limit: $2, in: $3), $1)
    },
    DeleteRoom.Erasure("receipts") {
      (try await ReceiptErasure.removeSome(of: $0, limit: $2, in: $3), $1)
    },
    DeleteRoom.Erasure("account data") {
      (try await AccountDataErasure.removeSome(of: $0, limit: $2, in: $3), $1)
    },
    DeleteRoom.Erasure("delayed events") {
      (try await DelayedErasure.removeSome(of: $0, limit: $2, in: $3), $1)
    },
    DeleteRoom.Erasure("state") {
      (try await RoomErasure.removeState(of: $0, limit: $2, in: $3), $1)
    },
  ]

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
      + adminRoomRoutes(rooms, authenticator)
  }

  private static func rooms(_ platform: Platform, _ streams: EventStreams) -> AdminRooms {
    let database = platform.database
    let states = StateStore(database: database)
    let memberships = MembershipStore(database: database)
    let serverName = platform.config.server.serverName
    let membership = RoomTools.membership(
      platform, persister: streams.persister, profiles: Profiles(database: database))
    return AdminRooms(
      survey: RoomSurvey(database: database, states: states, serverName: serverName),
      states: states, memberships: memberships, membership: membership,
      power: GrantRoomPower(
        persister: streams.persister, states: states, memberships: memberships,
        membership: membership, serverName: serverName),
      directory: AliasStore(database: database), clock: platform.clock)
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
