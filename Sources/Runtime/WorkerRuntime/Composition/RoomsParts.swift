import Accounts
import ClientAPI
import Ephemera
import HTTPServing
import RoomEvents
import Rooms
import ServerConfig
import Streams
import Sync

/// The rooms of one process: reading them, and asking their owners to write.
struct RoomsParts {
  private let dependencies: RoomRoutesDependencies
  private let syncDependencies: SyncRoutesDependencies
  private let legacyDependencies: LegacyRoutesDependencies
  private let presence: PresenceParts?
  private let watch: RoomWatch
  let sync: SyncEngine

  init(
    _ platform: Platform, accounts: AccountsParts, persister: any EventPersister,
    reader: StreamReader<StoredEvent>, ephemera: EphemeraParts, push: PushParts,
    messages: DeviceMessageParts, keys: DeviceKeyParts, delayed: DelayedEventParts
  ) {
    let (database, clock) = (platform.database, platform.clock)
    let server = platform.config.server
    let tools = RoomTools(
      platform, persister: persister, profiles: accounts.profiles,
      ignored: ephemera.ignoredUsersInMemory,
      successions: [ephemera.succession, push.succession])
    var decorations = push.decorations(with: keys.decoration)
    decorations.bundles = { [bundler = tools.bundler] in
      try await bundler.bundles(for: $0, to: $1, seeing: $2)
    }
    let sync = SyncEngine(
      reader: reader,
      providers: {
        ephemera.providers($0) + [push.provider($0), messages.provider($0), keys.provider($0)]
      },
      decorations: decorations,
      ignored: { [index = ephemera.ignoredUsersInMemory] in try await index.ignored(by: $0) },
      invitations: InviteBlocks(database: database),
      answerLifetime: platform.config.caches.syncResponseLifetime,
      database: database, executor: platform.executor, clock: clock)
    self.sync = sync
    dependencies = RoomRoutesDependencies(
      authenticated: accounts.authenticated, create: tools.create, membership: tools.membership,
      send: tools.send, schedule: delayed.dependencies.schedule,
      read: tools.read, joinedRooms: { try await sync.joinedRooms(of: $0) },
      history: tools.history, relations: tools.relations, times: tools.times,
      upgrade: tools.upgrade, reports: tools.reports,
      directory: RoomDirectory(
        aliases: tools.aliases, states: tools.states, memberships: tools.memberships,
        requiresMembership: platform.config.rooms.aliasesRequireMembership,
        serverName: server.serverName, clock: clock),
      guests: GuestAccess(states: tools.states),
      defaultVersion: RoomVersion(id: platform.config.rooms.defaultVersion) ?? .default,
      clock: clock)
    syncDependencies = SyncRoutesDependencies(
      authenticated: accounts.authenticated, engine: sync,
      filters: FilterStore(database: database), presence: ephemera.presence?.reporter)
    presence = ephemera.presence
    watch = RoomWatch(reader: reader, executor: platform.executor)
    legacyDependencies = LegacyRoutesDependencies(
      authenticated: accounts.authenticated, engine: sync, watch: watch,
      presence: presence?.reporter, read: dependencies.read, history: dependencies.history,
      memberships: tools.memberships, events: tools.events, clock: clock)
  }

  var routes: [Route] {
    roomRoutes(dependencies) + syncRoutes(syncDependencies) + legacyRoutes(legacyDependencies)
  }

  /// Lets go of those who wait, because the process is stopping.
  func drain() {
    sync.drain()
    watch.drain()
  }

  /// Runs until cancelled.
  func run() async {
    await presence?.run(sync.waker)
  }
}
