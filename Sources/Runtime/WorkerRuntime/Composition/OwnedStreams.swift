import DeviceKeys
import DeviceMessages
import Ephemera
import HTTPFetching
import MatrixIdentifiers
import PushRules
import ReplicationAPI
import ServerConfig
import Streams

/// The streams beside events in one process, and the way to their owners.
struct OwnedStreams {
  /// Reaches the owner of any stream's key, in this process or another.
  let owners: any StreamOwner
  /// The handlers of the streams that this process writes.
  let local = LocalOwner()
  let accountData: OwnedStream<AccountDataRow>
  let receipts: OwnedStream<Receipt>
  /// Whose rules changed.
  let pushRules: OwnedStream<UserID>
  /// For which devices messages came.
  let toDevice: OwnedStream<DeviceMessageRow>
  /// Whose devices or identity keys changed.
  let deviceLists: OwnedStream<DeviceListRow>
  let typing: LatestValues
  /// Nil where nobody is told who is there.
  let presence: PresenceStream?
  /// Set in the process that writes the stream.
  let typingOwner: TypingOwner?
  private let all: [any RunningStream]
  private let servesClients: Bool

  init(_ platform: Platform, _ hub: ReplicationHub, id: WriterID) {
    let database = platform.database
    accountData = OwnedStream(
      AccountDataStore(database: database).streamDefinition(), platform, hub, id: id)
    if let committer = accountData.committer {
      AccountDataOwner(committer: committer, writer: id).register(in: local)
    }
    receipts = OwnedStream(
      ReceiptStore(database: database).streamDefinition(), platform, hub, id: id)
    if let committer = receipts.committer {
      ReceiptOwner(committer: committer, writer: id).register(in: local)
    }
    pushRules = OwnedStream(
      RulesetStore(database: database).streamDefinition(), platform, hub, id: id)
    if let committer = pushRules.committer {
      RulesetOwner(committer: committer, writer: id).register(in: local)
    }
    toDevice = OwnedStream(
      DeviceMessageStore(database: database).streamDefinition(), platform, hub, id: id)
    if let committer = toDevice.committer {
      DeviceMessageOwner(committer: committer, writer: id).register(in: local)
    }
    deviceLists = OwnedStream(
      DeviceListStore(database: database).streamDefinition(), platform, hub, id: id)
    if let committer = deviceLists.committer {
      DeviceListOwner(committer: committer, writer: id).register(in: local)
    }
    all = [accountData, receipts, pushRules, toDevice, deviceLists]
    owners = Self.owners(platform, own: local)
    let config = platform.config
    servesClients = config.duties.contains(.serveClients)
    let writesTyping = config.fleet.writers(of: .typing).contains(config.identity.instanceName)
    typing = LatestValues(
      .typing, writer: writesTyping ? id : nil, bus: platform.bus, owner: owners,
      clock: platform.clock)
    typingOwner =
      writesTyping
      ? TypingOwner(values: typing, executor: platform.executor, clock: platform.clock) : nil
    typingOwner?.register(in: local)
    presence = PresenceStream(platform, owners: owners, local: local, id: id)
  }

  func acquire() async throws {
    for stream in all { try await stream.acquire() }
    try await presence?.owner?.restore()
  }

  func run() async throws {
    try await withThrowingDiscardingTaskGroup { group in
      for stream in all { group.addTask { try await stream.run() } }
      if servesClients || typingOwner != nil { group.addTask { await typing.run() } }
      if let presence { group.addTask { await presence.run() } }
    }
  }

  func release() async throws {
    for stream in all { try await stream.release() }
  }

  private static func owners(_ platform: Platform, own: LocalOwner) -> any StreamOwner {
    let (fleet, name) = (platform.config.fleet, platform.config.identity.instanceName)
    var shards: [StreamName: ShardMap] = [:]
    var instances: [String: any StreamOwner] = [name: own]
    for stream in StreamName.allCases where stream != .events {
      let writers = fleet.writers(of: stream)
      shards[stream] = ShardMap(writers: writers)
      for writer in writers where instances[writer] == nil {
        guard let location = fleet.instanceMap[writer] else { continue }
        instances[writer] = RemoteStreamOwner(peer: platform.peer(writer, at: location))
      }
    }
    return ShardedOwners(shards: shards, instances: instances)
  }
}
