import Accounts
import HTTPServing
import PushRules
import ReplicationAPI
import Rooms
import ServerConfig
import Streams
import Sync

/// What a process does besides keeping its streams, by its role and duties.
struct RoleParts {
  let routes: [Route]
  private let accounts: AccountsParts?
  private let rooms: RoomsParts?
  private let pushCleanup: PushCleanup?

  init(_ platform: Platform, _ streams: EventStreams) {
    let config = platform.config
    var routes: [Route] = []
    if config.duties.contains(.serveClients) {
      let database = platform.database
      let propagation = ProfilePropagation(
        persister: streams.persister, memberships: MembershipStore(database: database),
        states: StateStore(database: database))
      let memberships = MembershipStore(database: database)
      let departures = LeaveAllRooms(
        membership: ChangeMembership(
          persister: streams.persister, memberships: memberships,
          profiles: Profiles(database: database), serverName: config.server.serverName),
        memberships: memberships)
      let accounts = AccountsParts(
        platform, invalidations: streams.invalidations,
        observers: AccountObservers(profiles: propagation, departures: departures))
      let ephemera = EphemeraParts(
        platform, authenticated: accounts.authenticated, streams: streams.owned)
      let push = PushParts(
        platform, authenticated: accounts.authenticated, streams: streams)
      let rooms = RoomsParts(
        platform, accounts: accounts, persister: streams.persister, reader: streams.reader,
        ephemera: ephemera, push: push)
      routes += accounts.routes + rooms.routes + ephemera.routes + push.routes
      (self.accounts, self.rooms) = (accounts, rooms)
    } else {
      (accounts, rooms) = (nil, nil)
    }
    if let writer = streams.writer, let secret = config.fleet.replicationSecret {
      routes += ReplicationRoutes.routes(persister: writer, secret: secret)
    }
    if config.duties.contains(.writeStreams), let secret = config.fleet.replicationSecret {
      routes += ReplicationRoutes.routes(owner: streams.owned.local, secret: secret)
    }
    self.routes = routes
    pushCleanup = PushHousekeeping.cleanup(platform)
  }

  /// Runs until cancelled.
  func run() async {
    await withDiscardingTaskGroup { group in
      if let accounts { group.addTask { await accounts.run() } }
      if let pushCleanup { group.addTask { await pushCleanup.run() } }
    }
  }

  /// Lets go of those who wait, because the process is stopping.
  func drain() {
    rooms?.sync.drain()
  }
}
