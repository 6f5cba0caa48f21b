import ClientAPI
import Ephemera
import HTTPServing
import Streams
import Sync

/// What accompanies rooms beside events, in one process that serves clients.
struct EphemeraParts {
  private let streams: OwnedStreams
  private let accountData: AccountData
  private let accountDataMemory: AccountDataMemory
  private let authenticated: Authenticated

  init(_ platform: Platform, authenticated: Authenticated, streams: OwnedStreams) {
    let database = platform.database
    self.streams = streams
    self.authenticated = authenticated
    let store = AccountDataStore(database: database)
    accountData = AccountData(store: store, owner: streams.owners)
    accountDataMemory = AccountDataMemory(reader: streams.accountData.reader, store: store)
  }

  func providers(_ waker: SyncWaker) -> [any SyncProvider] {
    [
      AccountDataProvider(
        reader: streams.accountData.reader, memory: accountDataMemory, waker: waker)
    ]
  }

  var routes: [Route] {
    accountDataRoutes(accountData, authenticated)
  }
}
