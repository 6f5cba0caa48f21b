import Accounts
import ClientAPI
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
  let sync: SyncEngine

  init(
    _ platform: Platform, accounts: AccountsParts, persister: any EventPersister,
    reader: StreamReader<StoredEvent>, ephemera: EphemeraParts, push: PushParts
  ) {
    let (database, clock) = (platform.database, platform.clock)
    let server = platform.config.server
    let events = EventStore(database: database)
    let states = StateStore(database: database)
    let memberships = MembershipStore(database: database)
    let aliases = AliasStore(database: database)
    dependencies = RoomRoutesDependencies(
      authenticated: accounts.authenticated,
      create: CreateRoom(
        persister: persister, aliases: aliases, profiles: accounts.profiles,
        serverName: server.serverName, signingKey: server.signingKey, clock: clock),
      membership: ChangeMembership(
        persister: persister, memberships: memberships, profiles: accounts.profiles,
        serverName: server.serverName),
      send: SendEvent(persister: persister, aliases: aliases, states: states),
      read: ReadRoom(states: states, events: events, memberships: memberships),
      history: ReadHistory(states: states, events: events, memberships: memberships),
      directory: RoomDirectory(
        aliases: aliases, states: states, memberships: memberships,
        serverName: server.serverName, clock: clock),
      guests: GuestAccess(states: states),
      defaultVersion: RoomVersion(id: platform.config.rooms.defaultVersion) ?? .default,
      clock: clock)
    sync = SyncEngine(
      reader: reader, providers: { ephemera.providers($0) + [push.provider($0)] },
      decorations: push.decorations, database: database, executor: platform.executor, clock: clock)
    syncDependencies = SyncRoutesDependencies(
      authenticated: accounts.authenticated, engine: sync,
      filters: FilterStore(database: database))
  }

  var routes: [Route] {
    roomRoutes(dependencies) + syncRoutes(syncDependencies)
  }
}
