import Accounts
import DelayedEvents
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
  private let keys: DeviceKeyParts?
  private let tasks: TaskParts
  private let delayed: DelayedEventParts

  init(_ platform: Platform, _ streams: EventStreams) {
    let config = platform.config
    var routes: [Route] = []
    let tasks = TaskParts(platform, streams)
    let roomAdmin = RoomAdminParts(platform, streams, tasks)
    if config.duties.contains(.serveClients) {
      let database = platform.database
      let propagation = ProfilePropagation(
        persister: streams.persister, memberships: MembershipStore(database: database),
        states: StateStore(database: database))
      let memberships = MembershipStore(database: database)
      let departures = LeaveAllRooms(
        membership: RoomTools.membership(
          platform, persister: streams.persister, profiles: Profiles(database: database)),
        memberships: memberships)
      let joinedRooms = JoinedRooms(memberships: memberships, events: streams.reader)
      let keys = DeviceKeyParts(platform, streams: streams, joinedRooms: joinedRooms)
      let presence = PresenceParts(platform, streams.owned, joinedRooms: joinedRooms)
      let accounts = AccountsParts(
        platform, invalidations: streams.invalidations,
        observers: AccountObservers(
          profiles: (presence.map { [$0.announcement] } ?? []) + [propagation],
          departures: departures,
          devices: DeviceObservers(observers: [keys.observer, PusherRemoval()]),
          accounts: [
            KeyBackupRemoval(), keys.observer, PusherRemoval(),
            DelayedEventsOfDeparted(clock: platform.clock),
          ]))
      let delayed = DelayedEventParts(platform, streams)
      let ephemera = EphemeraParts(
        platform, authenticated: accounts.authenticated, streams: streams, presence: presence)
      let push = PushParts(
        platform, authenticated: accounts.authenticated, streams: streams)
      let messages = DeviceMessageParts(
        platform, authenticated: accounts.authenticated, streams: streams.owned)
      let rooms = RoomsParts(
        platform, accounts: accounts, persister: streams.persister, reader: streams.reader,
        ephemera: ephemera, push: push, messages: messages, keys: keys, delayed: delayed)
      routes += accounts.routes + rooms.routes + ephemera.routes + push.routes
      routes += messages.routes + KeyBackupParts.routes(platform, accounts.authenticated)
      routes += keys.routes(accounts, rooms.sync.waker)
      routes += tasks.routes(accounts.authenticator) + delayed.routes(accounts)
      routes += roomAdmin.routes(accounts.authenticator)
      streams.invalidations.onInvalidate(.roomHistories) { [sync = rooms.sync] in sync.forget($0) }
      (self.accounts, self.rooms, self.keys) = (accounts, rooms, keys)
      self.delayed = delayed
    } else {
      (accounts, rooms, keys) = (nil, nil, nil)
      delayed = DelayedEventParts(platform, streams)
    }
    if let writer = streams.writer, let secret = config.fleet.replicationSecret {
      routes += ReplicationRoutes.routes(persister: writer, secret: secret)
    }
    if config.duties.contains(.writeStreams), let secret = config.fleet.replicationSecret {
      routes += ReplicationRoutes.routes(owner: streams.owned.local, secret: secret)
    }
    self.routes = routes
    self.tasks = tasks
  }

  /// Runs until cancelled.
  func run() async {
    await withDiscardingTaskGroup { group in
      if let accounts { group.addTask { await accounts.run() } }
      if let rooms { group.addTask { await rooms.run() } }
      if let keys { group.addTask { await keys.run() } }
      group.addTask { await tasks.run() }
      group.addTask { await delayed.run() }
    }
  }

  /// Lets go of those who wait, because the process is stopping.
  func drain() {
    rooms?.drain()
  }
}
