import ClientAPI
import Ephemera
import HTTPServing
import Rooms
import Streams
import Sync

/// What accompanies rooms beside events, in one process that serves clients.
struct EphemeraParts {
  private let streams: OwnedStreams
  private let accountData: AccountData
  private let accountDataMemory: AccountDataMemory
  /// The same lists as /sync asks for them: at every wake-up.
  let ignoredUsersInMemory: IgnoredUsersIndex
  private let receipts: Receipts
  private let receiptMemory: ReceiptMemory
  private let typing: Typing
  /// Nil where nobody is told who is there.
  let presence: PresenceParts?
  private let authenticated: Authenticated

  init(
    _ platform: Platform, authenticated: Authenticated, streams all: EventStreams,
    presence: PresenceParts?
  ) {
    let (database, streams) = (platform.database, all.owned)
    self.streams = streams
    self.authenticated = authenticated
    let store = AccountDataStore(database: database)
    accountData = AccountData(store: store, owner: streams.owners)
    ignoredUsersInMemory = IgnoredUsersIndex(
      reader: streams.accountData.reader, database: database)
    accountDataMemory = AccountDataMemory(reader: streams.accountData.reader, store: store)
    receipts = Receipts(
      owner: streams.owners, accountData: accountData,
      memberships: MembershipStore(database: database),
      threads: ThreadMembership(database: database), clock: platform.clock)
    typing = Typing(
      owner: streams.owners, memberships: MembershipStore(database: database))
    receiptMemory = ReceiptMemory(
      reader: streams.receipts.reader, store: ReceiptStore(database: database))
    self.presence = presence
  }

  func providers(_ waker: SyncWaker) -> [any SyncProvider] {
    [
      AccountDataProvider(
        reader: streams.accountData.reader, memory: accountDataMemory, waker: waker),
      ReceiptsProvider(reader: streams.receipts.reader, memory: receiptMemory, waker: waker),
      TypingProvider(values: streams.typing, waker: waker),
    ] + (presence.map { [$0.provider(waker)] } ?? [])
  }

  var succession: any RoomSuccession { AccountDataSuccession(accountData: accountData) }

  var routes: [Route] {
    accountDataRoutes(accountData, authenticated)
      + receiptRoutes(receipts, presence?.reporter, authenticated)
      + typingRoutes(typing, presence?.reporter, authenticated)
      + presenceRoutes(presence?.presence, authenticated)
  }
}
