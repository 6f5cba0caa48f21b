import ClientAPI
import Ephemera
import HTTPServing
import MatrixIdentifiers
import Postgres
import PushRules
import RoomEvents
import Rooms
import ServerConfig
import Streams
import Sync

/// Push rules and unread counts, in one process that serves clients.
struct PushParts {
  private let streams: OwnedStreams
  private let memory: PushRulesMemory
  private let unread: UnreadReader
  private let dependencies: PushRoutesDependencies

  init(_ platform: Platform, authenticated: Authenticated, streams: EventStreams) {
    let database = platform.database
    self.streams = streams.owned
    let rulesets = RulesetStore(database: database)
    memory = PushRulesMemory(store: rulesets, reader: streams.owned.pushRules.reader)
    let positions = ReceiptPositions(store: ReadPositionStore(database: database))
    unread = UnreadReader(database: database, positions: positions)
    let events = streams.reader
    dependencies = PushRoutesDependencies(
      authenticated: authenticated,
      rules: PushRules(store: rulesets, owner: streams.owned.owners),
      notifications: ListNotifications(
        notifications: NotificationStore(database: database), positions: positions,
        memberships: MembershipStore(database: database), events: EventStore(database: database)),
      pushers: PusherStore(database: database), position: { events.current.minimum },
      clock: platform.clock)
    follow(streams)
  }

  func provider(_ waker: SyncWaker) -> any SyncProvider {
    PushRulesProvider(reader: streams.pushRules.reader, memory: memory, waker: waker)
  }

  /// The counts as /sync tells them.
  func decorations(with keys: @escaping SyncDecorations.Keys) -> SyncDecorations {
    SyncDecorations(
      unread: { [unread] user, rooms in
        try await unread.unread(of: user, in: rooms).mapValues { UnreadCounts($0) }
      },
      keys: keys)
  }

  var succession: any RoomSuccession {
    FollowingRules(rules: PushRuleSuccession(rules: dependencies.rules))
  }

  var routes: [Route] {
    pushRoutes(dependencies)
  }

  private func follow(_ streams: EventStreams) {
    let unread = unread
    streams.reader.onInvalidate { batch in
      for row in batch.rows { unread.apply(EvaluatedEvent(row.row), departed: row.row.departed) }
    }
    streams.owned.receipts.reader.onInvalidate { batch in
      for row in batch.rows {
        guard let ordering = row.row.eventOrdering else { continue }
        unread.apply(
          ReadPosition(
            room: row.row.roomID, thread: row.row.threadID, streamOrdering: ordering),
          of: row.row.userID)
      }
    }
  }
}

/// What a process that writes events finds out about them.
enum PushEvaluation {
  static func desk(_ platform: Platform, _ streams: OwnedStreams) -> PushDesk {
    let database = platform.database
    let serverName = platform.config.server.serverName
    return PushDesk(
      serverName: serverName,
      facts: RoomPushFacts(database: database, serverName: serverName),
      ignored: IgnoredByAccountData(
        index: IgnoredUsersIndex(reader: streams.accountData.reader, database: database)),
      rulesets: RulesetCache(
        store: RulesetStore(database: database), reader: streams.pushRules.reader),
      database: database)
  }
}

/// What one process of the fleet does for all.
enum PushHousekeeping {
  static func cleanup(_ platform: Platform) -> PushCleanup {
    PushCleanup(
      database: platform.database,
      positions: ReceiptPositions(store: ReadPositionStore(database: platform.database)))
  }
}

/// Binds what rooms ask for to the push rules, which know nothing of rooms.
private struct FollowingRules: RoomSuccession {
  let rules: PushRuleSuccession

  func follow(_ user: UserID, from old: RoomID, to new: RoomID) async throws {
    try await rules.follow(user, from: old, to: new)
  }
}

/// Binds what push evaluation asks for to the lists that users keep as account data.
private struct IgnoredByAccountData: IgnoredUsers {
  let index: IgnoredUsersIndex

  func ignoring(_ senders: Set<UserID>) async throws -> [UserID: Set<UserID>] {
    try await index.ignoring(senders)
  }
}

/// Binds what unread counts ask for to the receipts.
private struct ReceiptPositions: ReadPositions {
  let store: ReadPositionStore

  func positions(of user: UserID, in rooms: [RoomID]) async throws -> [ReadPosition] {
    try await store.positions(of: user, in: rooms).map {
      ReadPosition(room: $0.room, thread: $0.thread, streamOrdering: $0.ordering)
    }
  }
}

extension EvaluatedEvent {
  /// An event of the stream. Of whom it makes a reader, remote senders among them, matters only
  /// for users of this server.
  fileprivate init(_ stored: StoredEvent) {
    let event = stored.event
    self.init(
      room: event.roomID, streamOrdering: stored.streamOrdering, push: stored.push ?? EventPush(),
      reader: Self.readsBySending(event.type) ? event.sender : nil)
  }
}

extension StoredEvent {
  /// The user who is not in the room any more with this event.
  fileprivate var departed: UserID? {
    guard let membership = event.membership, membership != Membership.join else { return nil }
    return event.stateKey.flatMap { UserID($0) }
  }
}

extension UnreadCounts {
  fileprivate init(_ unread: RoomUnread) {
    self.init()
    for (thread, count) in unread.counts {
      let count = Count(notifications: count.notifications, highlights: count.highlights)
      if thread == PushActions.mainThread { main = count } else { threads[thread] = count }
    }
  }
}
