import Accounts
import Ephemera
import MatrixIdentifiers
import Postgres
import Rooms
import ServerConfig

/// The use cases of rooms, made of the stores that they share.
struct RoomTools {
  let states: StateStore
  let events: EventStore
  let memberships: MembershipStore
  let aliases: AliasStore
  let bundler: BundleRelations
  private let platform: Platform
  private let persister: any EventPersister
  private let profiles: Profiles
  private let ignored: any IgnoredSenders
  private let successions: [any RoomSuccession]

  init(
    _ platform: Platform, persister: any EventPersister, profiles: Profiles,
    ignored: any IgnoredSenders, successions: [any RoomSuccession]
  ) {
    let database = platform.database
    self.platform = platform
    self.persister = persister
    self.profiles = profiles
    self.ignored = ignored
    self.successions = successions
    states = StateStore(database: database)
    events = EventStore(database: database)
    memberships = MembershipStore(database: database)
    aliases = AliasStore(database: database)
    bundler = BundleRelations(store: BundleStore(database: database), ignored: ignored)
  }

  private var access: RoomAccess { RoomAccess(memberships: memberships, states: states) }

  var create: CreateRoom {
    let server = platform.config.server
    return CreateRoom(
      persister: persister, aliases: aliases, profiles: profiles,
      invitations: InviteBlocks(database: platform.database), serverName: server.serverName,
      signingKey: server.signingKey, clock: platform.clock)
  }

  var send: SendEvent {
    SendEvent(
      persister: persister, aliases: aliases, states: states,
      invitations: InviteBlocks(database: platform.database),
      guests: GuestStore(database: platform.database))
  }

  var membership: ChangeMembership {
    Self.membership(
      platform, persister: persister, profiles: profiles, successions: successions)
  }

  static func membership(
    _ platform: Platform, persister: any EventPersister, profiles: Profiles,
    successions: [any RoomSuccession] = []
  ) -> ChangeMembership {
    let (database, serverName) = (platform.database, platform.config.server.serverName)
    return ChangeMembership(
      persister: persister, memberships: MembershipStore(database: database),
      restricted: RestrictedJoins(
        states: StateStore(database: database),
        conditions: JoinConditionStore(database: database), serverName: serverName),
      follow: FollowRoom(
        states: StateStore(database: database), successions: successions),
      blocked: BlockedRooms(database: database), profiles: profiles,
      invitations: InviteBlocks(database: database), serverName: serverName)
  }

  var read: ReadRoom {
    ReadRoom(states: states, events: events, memberships: memberships, bundler: bundler)
  }

  var history: ReadHistory {
    ReadHistory(
      states: states, events: events, memberships: memberships,
      relations: RelationStore(database: platform.database), bundler: bundler, ignored: ignored)
  }

  var relations: ReadRelations {
    let database = platform.database
    return ReadRelations(
      access: access, events: events, relations: RelationStore(database: database),
      threads: ThreadStore(database: database), bundler: bundler, ignored: ignored)
  }

  var times: FindEventByTime { FindEventByTime(access: access, events: events) }

  var upgrade: UpgradeRoom {
    let upgrades = UpgradeStore(database: platform.database)
    return UpgradeRoom(
      create: create, persister: persister,
      rooms: OldRooms(
        states: states, events: events, memberships: memberships, upgrades: upgrades),
      aliases: aliases, upgrades: upgrades,
      follow: FollowRoom(states: states, successions: successions), clock: platform.clock)
  }

  var reports: ReportContent {
    ReportContent(
      reports: ReportStore(database: platform.database), states: states,
      memberships: memberships, read: read, profiles: profiles,
      serverName: platform.config.server.serverName, clock: platform.clock)
  }
}
