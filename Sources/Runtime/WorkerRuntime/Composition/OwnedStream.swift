import Logging
import ServerConfig
import Streams

/// A stream other than events in one process: reading it and, in its writers, its commits.
struct OwnedStream<Row: Sendable>: RunningStream {
  let reader: StreamReader<Row>
  /// Set in processes that write the stream.
  let committer: StreamCommitter<Row>?
  private let lease: WriterLease?
  private let writer: StreamWriter<Row>?

  init(
    _ definition: StreamDefinition<Row>, _ platform: Platform, _ hub: ReplicationHub, id: WriterID
  ) {
    let (config, database) = (platform.config, platform.database)
    let name = config.identity.instanceName
    let logger = Logger(label: "apus.streams")
    reader = hub.makeReader(definition)
    if config.fleet.writers(of: definition.name).contains(name) {
      let lease = WriterLease(
        stream: definition.name, writer: id, workerName: name, database: database, logger: logger)
      let writer = hub.makeWriter(for: reader, lease: lease)
      (self.lease, self.writer) = (lease, writer)
      committer = StreamCommitter(
        database: database, lease: lease, stream: writer, logger: logger)
    } else {
      (lease, writer, committer) = (nil, nil, nil)
    }
  }

  func acquire() async throws {
    try await lease?.acquire()
  }

  func run() async throws {
    try await withThrowingDiscardingTaskGroup { group in
      if let lease { group.addTask { try await lease.run() } }
      if let writer { group.addTask { await writer.run() } }
      if let committer { group.addTask { await committer.run() } }
    }
  }

  func release() async throws {
    try await lease?.release()
  }
}

/// What a process does with each of its streams, whatever the rows are.
protocol RunningStream: Sendable {
  /// Takes the writer's lease, if this process writes the stream.
  func acquire() async throws
  /// Runs until cancelled.
  /// - Throws: when another process has taken this one's place.
  func run() async throws
  /// Gives the lease back, so that a successor can write at once.
  func release() async throws
}

extension FleetSection {
  /// The instances that write a stream, in the order that divides its keys.
  func writers(of stream: StreamName) -> [String] {
    WrittenStream(rawValue: stream.rawValue).map { streamWriters[$0] } ?? []
  }
}
