import DelayedEvents
import Ephemera
import HTTPFetching
import Logging
import ReplicationAPI
import Rooms
import ServerConfig
import Streams

/// The events stream of one process: reading it, writing its share, and the way to the other
/// writers.
struct EventStreams {
  let reader: StreamReader<StoredEvent>
  let invalidations: InvalidationFeed
  /// Set in processes that write events.
  let writer: EventWriter?
  /// Leads to the owner of any room.
  let persister: any EventPersister
  /// The streams beside events.
  let owned: OwnedStreams
  let hub: ReplicationHub
  private let lease: WriterLease?
  private let stream: StreamWriter<StoredEvent>?
  private let follower: StreamFollower<StoredEvent>?
  private let housekeeping: StreamsHousekeeping?

  /// Registers the process, reads where the streams are and takes the writer's lease.
  static func start(_ platform: Platform) async throws -> EventStreams {
    let name = platform.config.identity.instanceName
    let id = try await InstanceRegistry.register(name, on: platform.database)
    let streams = EventStreams(platform, writerID: id)
    try await streams.hub.start()
    try await streams.lease?.acquire()
    try await streams.owned.acquire()
    return streams
  }

  /// Nothing is started and nothing asked of the database.
  init(_ platform: Platform, writerID: WriterID) {
    let config = platform.config
    let (database, name) = (platform.database, config.identity.instanceName)
    let logger = Logger(label: "apus.streams")
    hub = ReplicationHub(
      bus: platform.bus, database: database, instanceName: name, logger: logger)
    invalidations = hub.invalidations
    reader = hub.makeReader(EventStore(database: database).streamDefinition())
    owned = OwnedStreams(platform, hub, id: writerID)
    owned.presence?.owner?.follow(reader)
    owned.typingOwner?.follow(reader)
    if config.duties.contains(.writeEvents) {
      let lease = WriterLease(
        stream: .events, writer: writerID, workerName: name, database: database, logger: logger)
      let stream = hub.makeWriter(for: reader, lease: lease)
      self.lease = lease
      self.stream = stream
      writer = EventWriter(
        database: database,
        machine: RoomMachine(
          serverName: config.server.serverName, signingKey: config.server.signingKey),
        lease: lease, stream: stream, push: PushEvaluation.desk(platform, owned),
        delayed: StoredDelays(), clock: platform.clock, logger: Logger(label: "apus.rooms"))
    } else {
      (lease, stream, writer) = (nil, nil, nil)
    }
    let owners = Self.persister(platform, own: writer)
    persister =
      config.duties.contains(.serveClients)
      ? HeardMemberships(persister: owners, reader: reader) : owners
    if let consumer = Self.consumer(config) {
      follower = StreamFollower(
        consumer: consumer, reader: reader, database: database, logger: logger)
    } else {
      follower = nil
    }
    housekeeping =
      config.duties.contains(.migrate)
      ? StreamsHousekeeping(database: database, logger: logger) : nil
  }

  /// Runs until cancelled.
  /// - Throws: when another process has taken this one's place.
  func run() async throws {
    try await withThrowingDiscardingTaskGroup { group in
      group.addTask { await hub.run() }
      group.addTask { try await owned.run() }
      if let lease { group.addTask { try await lease.run() } }
      if let stream { group.addTask { await stream.run() } }
      if let writer { group.addTask { await writer.run() } }
      if let housekeeping { group.addTask { await housekeeping.run() } }
      // What is done with the rows comes with each consumer's own duty; its place in the
      // stream is kept from the first day, so that none is skipped then.
      if let follower { group.addTask { await follower.run { _ in } } }
    }
  }

  /// Gives the lease back, so that a successor can write at once.
  func release() async throws {
    try await lease?.release()
    try await owned.release()
  }

  private static func persister(
    _ platform: Platform, own: EventWriter?
  ) -> any EventPersister {
    let fleet = platform.config.fleet
    var writers: [String: any EventPersister] = [:]
    for name in fleet.eventWriters {
      if name == platform.config.identity.instanceName {
        writers[name] = own
      } else if let location = fleet.instanceMap[name] {
        writers[name] = RemoteEventPersister(peer: platform.peer(name, at: location))
      }
    }
    if writers.count == 1, let own { return own }
    return ShardedEventPersister(shards: ShardMap(writers: fleet.eventWriters), writers: writers)
  }

  /// The name under which this process's place in the stream is kept.
  private static func consumer(_ config: HomeserverConfig) -> String? {
    let name = config.identity.instanceName
    return switch config.identity.role {
    case .federationSender: "federation_sender:\(name)"
    case .pusher: "pusher:\(name)"
    case .backgroundTasks: "background_tasks:\(name)"
    case .main, .genericWorker, .eventPersister: nil
    }
  }
}

extension Endpoint {
  init(_ location: InstanceLocation) {
    switch location {
    case .tcp(let host, let port, let usesTLS): self = .tcp(host: host, port: port, tls: usesTLS)
    case .unix(let path): self = .unix(path: path)
    }
  }
}
