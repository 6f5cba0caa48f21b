import CLibPQ
import Executors

/// A connection that is logged in, in pipeline mode and non-blocking, on its way to its owner.
///
/// `@unchecked`: handed from the thread that opened it to the one that will use it.
final class OpenedConnection: @unchecked Sendable {
  let handle: OpaquePointer
  /// The server's latest checkpoint when this session began; nil when the role may not see it.
  let checkpoint: Checkpoint?

  fileprivate init(handle: OpaquePointer, checkpoint: Checkpoint?) {
    self.handle = handle
    self.checkpoint = checkpoint
  }
}

/// Opens connections on threads of its own: libpq looks names up, and hashes for TLS and SCRAM,
/// in the calling thread.
struct Connector: Sendable {
  let configuration: PostgresConfiguration
  let pool: BlockingPool
  let history = CheckpointHistory()

  init(configuration: PostgresConfiguration) {
    self.configuration = configuration
    let connections = configuration.sharedConnections + configuration.exclusiveConnections
    pool = BlockingPool(
      threads: min(Limits.connectingThreads, connections),
      queueLimit: connections + Limits.maintenanceJobs)
  }

  /// Opens a connection for pipelined use.
  /// - Throws: `PostgresError` of kind `unavailable`, or the pool's refusal.
  func open() async throws -> OpenedConnection {
    try await pool.run { try openPipelined() }
  }

  private func openPipelined() throws(PostgresError) -> OpenedConnection {
    let session = try BlockingSession(configuration, limited: true)
    let checkpoint = (try? session.run(Checkpoint.sql)).flatMap { Checkpoint($0) }
    if let checkpoint { history.note(checkpoint) }
    guard let handle = session.release() else { throw .connectionLost }
    guard PQsetnonblocking(handle, 1) == 0, PQenterPipelineMode(handle) == 1 else {
      PQfinish(handle)
      throw PostgresError(.unavailable, "libpq refused pipeline mode")
    }
    return OpenedConnection(handle: handle, checkpoint: checkpoint)
  }
}
