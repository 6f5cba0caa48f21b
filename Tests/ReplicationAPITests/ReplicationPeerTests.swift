import HTTPFetching
import HTTPServing
import Logging
import MatrixIdentifiers
import MatrixJSON
import Rooms
import Streams
import Synchronization
import Telemetry
import TestKit
import Testing

@testable import ReplicationAPI

/// Calls between processes over real HTTP: what is tried again, and what is not.
struct ReplicationPeerTests {
  /// An owner that answers with one outcome after the other; the last one repeats.
  private final class ScriptedOwner: StreamOwner {
    let script: [Result<[UInt8], OwnerError>]
    let calls = Mutex(0)

    init(_ script: Result<[UInt8], OwnerError>...) { self.script = script }

    func call(_ call: OwnerCall) async throws(OwnerError) -> [UInt8] {
      let number = calls.withLock { count in
        count += 1
        return count
      }
      return try script[min(number, script.count) - 1].get()
    }

    var count: Int { calls.withLock { $0 } }
  }

  private static let call = OwnerCall(
    stream: .receipts, action: "set", key: "k", body: Array("{}".utf8))

  private func withPeer(
    _ owner: ScriptedOwner, secret: String = "s", patience: Duration = .seconds(20),
    shutdown: ShutdownSignal = ShutdownSignal(),
    _ body: @Sendable (RemoteStreamOwner) async throws -> Void
  ) async throws {
    let server = try await startServer(owner)
    let client = HTTPClient(executor: TestLoop.executor)
    let peer = ReplicationPeer(
      name: "writer1", client: client,
      endpoint: .tcp(host: "127.0.0.1", port: server.port ?? 0, tls: false), secret: secret,
      shutdown: shutdown, logger: Self.quiet, patience: patience)
    let result = await Result { try await body(RemoteStreamOwner(peer: peer)) }
    await client.shutdown()
    await server.drain(within: .zero)
    try result.get()
  }

  private static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

  private func startServer(_ owner: ScriptedOwner, port: Int = 0) async throws -> HTTPServer {
    let server = HTTPServer(
      configuration: ListenerConfiguration(address: .tcp(hosts: ["127.0.0.1"], port: port)),
      router: try Router(ReplicationRoutes.routes(owner: owner, secret: "s")),
      executor: TestLoop.executor, logger: Self.quiet, metrics: PrometheusRegistry())
    try await server.start()
    return server
  }

  @Test func anAnswerComesBack() async throws {
    let owner = ScriptedOwner(.success(Array(#"{"a":1}"#.utf8)))
    try await withPeer(owner) { remote in
      let answer = try await remote.call(Self.call)
      #expect(answer == Array(#"{"a":1}"#.utf8))
      #expect(owner.count == 1)
    }
  }

  @Test func anOwnerThatIsRestartingIsWaitedFor() async throws {
    let owner = ScriptedOwner(
      .failure(.unavailable(reason: "not yet")), .failure(.unavailable(reason: "not yet")),
      .success(Array("{}".utf8)))
    try await withPeer(owner) { remote in
      let answer = try await remote.call(Self.call)
      #expect(answer == Array("{}".utf8))
      #expect(owner.count == 3)
    }
  }

  @Test func allWhoWaitReachAProcessThatHasComeBack() async throws {
    let owner = ScriptedOwner(.success(Array("{}".utf8)))
    let gone = try await startServer(owner)
    let port = try #require(gone.port)
    await gone.drain(within: .zero)
    let client = HTTPClient(executor: TestLoop.executor)
    let remote = RemoteStreamOwner(
      peer: ReplicationPeer(
        name: "writer1", client: client,
        endpoint: .tcp(host: "127.0.0.1", port: port, tls: false), secret: "s",
        shutdown: ShutdownSignal(), logger: Self.quiet))
    try await withThrowingTaskGroup(of: [UInt8].self) { group in
      for _ in 0..<5 { group.addTask { try await remote.call(Self.call) } }
      let server = try await startServer(owner, port: port)
      for _ in 0..<5 { #expect(try await group.next() == Array("{}".utf8)) }
      await client.shutdown()
      await server.drain(within: .zero)
    }
    #expect(owner.count == 5)
  }

  @Test func aRefusalIsFinal() async throws {
    let refusal = OwnerError.refused(status: 413, code: "M_TOO_LARGE", reason: "too much")
    let owner = ScriptedOwner(.failure(refusal))
    try await withPeer(owner) { remote in
      await #expect(throws: refusal) { try await remote.call(Self.call) }
      #expect(owner.count == 1)
    }
  }

  @Test func patienceEnds() async throws {
    let owner = ScriptedOwner(.failure(.unavailable(reason: "never")))
    try await withPeer(owner, patience: .milliseconds(200)) { remote in
      await #expect(throws: OwnerError.self) { try await remote.call(Self.call) }
      #expect(owner.count > 1)
    }
  }

  @Test func aWrongSecretIsSaid() async throws {
    let owner = ScriptedOwner(.success(Array("{}".utf8)))
    try await withPeer(owner, secret: "other", patience: .milliseconds(100)) { remote in
      let failure = await #expect(throws: OwnerError.self) { try await remote.call(Self.call) }
      guard case .unavailable(let reason) = failure else {
        Issue.record("\(String(describing: failure))")
        return
      }
      #expect(reason.contains("worker_replication_secret"))
      #expect(owner.count == 0)
    }
  }

  @Test func nobodyIsWaitedForWhileTheProcessStops() async throws {
    let owner = ScriptedOwner(.failure(.unavailable(reason: "restarting")))
    let shutdown = ShutdownSignal()
    shutdown.give()
    try await withPeer(owner, shutdown: shutdown) { remote in
      await #expect(
        throws: OwnerError.unavailable(reason: "the writer of receipts answered with status 503")
      ) {
        try await remote.call(Self.call)
      }
      #expect(owner.count == 1)
    }
  }
}

extension Result where Failure == any Error, Success == Void {
  fileprivate init(_ body: () async throws -> Void) async {
    do {
      self = .success(try await body())
    } catch {
      self = .failure(error)
    }
  }
}
