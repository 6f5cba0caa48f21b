import Accounts
import ClientAPI
import DeviceKeys
import HTTPServing
import Logging
import Postgres
import Rooms
import ServerConfig
import Streams
import Sync

/// End-to-end encryption keys, in one process that serves clients.
struct DeviceKeyParts {
  /// Lets keys go with their devices.
  let observer: DeviceKeysObserver
  private let streams: EventStreams
  private let database: Database
  private let changes: DeviceChanges
  private let keys: DeviceKeyTools
  private let counts: KeyCountMemory
  private let pending: PendingChanges?

  init(_ platform: Platform, streams: EventStreams, joinedRooms: JoinedRooms) {
    self.streams = streams
    database = platform.database
    let (store, owner) = (OneTimeKeyStore(database: database), streams.owned.owners)
    let waiting = PendingChangeStore(database: database)
    counts = KeyCountMemory(store: store, invalidations: streams.invalidations)
    changes = DeviceChanges(
      memory: DeviceListMemory(
        reader: streams.owned.deviceLists.reader, store: DeviceListStore(database: database)),
      joinedRooms: joinedRooms, events: streams.reader, database: database)
    observer = DeviceKeysObserver(owner: owner, counts: counts, pending: waiting)
    keys = DeviceKeyTools(
      platform, owner: owner, reader: streams.owned.deviceLists.reader, store: store,
      counts: counts)
    pending =
      platform.config.duties.contains(.migrate)
      ? PendingChanges(store: waiting, owner: owner, logger: Logger(label: "apus.devicekeys"))
      : nil
  }

  func provider(_ waker: SyncWaker) -> any SyncProvider {
    DeviceListsProvider(
      reader: streams.owned.deviceLists.reader, changes: changes, waker: waker,
      database: database)
  }

  /// - Parameter waker: of the engine that answers /sync here.
  func routes(_ accounts: AccountsParts, _ waker: SyncWaker) -> [Route] {
    let owner = streams.owned.owners
    return deviceKeyRoutes(
      DeviceKeyRoutesDependencies(
        authenticated: accounts.authenticated, upload: keys.upload, query: keys.query,
        claim: keys.claim,
        crossSign: UploadCrossSigning(
          owner: owner, confirmation: accounts.confirmation),
        sign: UploadSignatures(owner: owner),
        changes: KeyChanges(
          changes: changes, events: streams.reader, devices: streams.owned.deviceLists.reader,
          waker: waker, database: database)))
  }

  /// What can be claimed of the device that syncs.
  var decoration: SyncDecorations.Keys {
    { [counts] user, device in
      let counts = try await counts.counts(of: user, device)
      return KeyCounts(
        oneTimeKeys: counts.oneTimeKeys, unusedFallbackTypes: counts.unusedFallbackTypes)
    }
  }

  /// Runs until cancelled.
  func run() async {
    await pending?.run()
  }
}

/// The use cases of keys, made of the configuration.
private struct DeviceKeyTools {
  let upload: UploadKeys
  let query: QueryKeys
  let claim: ClaimKeys

  init(
    _ platform: Platform, owner: any StreamOwner, reader: StreamReader<DeviceListRow>,
    store: OneTimeKeyStore, counts: KeyCountMemory
  ) {
    let (database, clock) = (platform.database, platform.clock)
    let serverName = platform.config.server.serverName
    upload = UploadKeys(store: store, counts: counts, owner: owner, clock: clock)
    query = QueryKeys(
      serverName: serverName,
      directory: KeyDirectory(store: DeviceKeyStore(database: database), reader: reader))
    claim = ClaimKeys(
      serverName: serverName, store: ClaimStore(database: database), counts: counts, clock: clock)
  }
}
