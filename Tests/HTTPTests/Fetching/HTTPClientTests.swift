import Executors
import HTTPFetching
import HTTPServing
import TestKit
import Testing

@Suite struct HTTPClientTests {
  private static func withClient(
    _ configuration: ClientConfiguration = ClientConfiguration(),
    _ body: @Sendable (HTTPClient) async throws -> Void
  ) async throws {
    let client = HTTPClient(executor: TestLoop.executor, configuration: configuration) { 0.5 }
    do {
      try await body(client)
    } catch {
      await client.shutdown()
      throw error
    }
    await client.shutdown()
  }

  private static func request(
    _ port: Int, _ method: FetchRequest.Method = .get, _ path: String = "/versions"
  ) -> FetchRequest {
    FetchRequest(
      endpoint: .tcp(host: "127.0.0.1", port: port, tls: false), method: method, path: path)
  }

  private static let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

  @Test func sendsAndReceives() async throws {
    try await TestServer.with { server in
      try await Self.withClient { client in
        let got = try await client.send(Self.request(server.port))
        #expect(got.status == 200)
        #expect(got.header("CONTENT-TYPE") == "application/json")
        #expect(String(decoding: got.body, as: UTF8.self) == #"{"versions":["v1.1"]}"#)
        var post = Self.request(server.port, .post, "/echo")
        post.body = Array(repeating: 0x62, count: 200_000)
        #expect(try await client.send(post).body == post.body)
        #expect(try await client.send(Self.request(server.port, .get, "/no")).status == 404)
        let head = try await client.send(Self.request(server.port, .head))
        #expect(head.status == 200)
        #expect(head.body.isEmpty)
        #expect(try await client.send(Self.request(server.port)).status == 200)
      }
    }
  }

  @Test func manyRequestsShareTheAllowedConnections() async throws {
    var limited = ClientConfiguration()
    limited.connectionsPerEndpoint = 3
    let configuration = limited
    let server = try RawServer { peer in
      while true {
        try peer.readHead()
        peer.send(Self.ok)
      }
    }
    try await Self.withClient(configuration) { client in
      // The raw server talks to one connection at a time: one is enough for all.
      for _ in 0..<20 {
        let response = try await client.send(Self.request(server.port))
        #expect(response.status == 200)
      }
      #expect(server.connectionCount == 1)
    }
    try await TestServer.with { server in
      try await Self.withClient(configuration) { client in
        try await withThrowingTaskGroup(of: Int.self) { group in
          for _ in 0..<100 {
            group.addTask { try await client.send(Self.request(server.port)).status }
          }
          for try await status in group { #expect(status == 200) }
        }
      }
    }
  }

  @Test func aRefusedConnectionIsNotSent() async throws {
    // Nobody serves tcpmux; a port that was free a moment ago may be another test's by now.
    let nobody = 1
    try await Self.withClient { client in
      let error = await #expect(throws: FetchError.self) {
        try await client.send(Self.request(nobody))
      }
      #expect(error?.kind == .connectFailed)
      #expect(error?.delivery == .notSent)
      let missing = await #expect(throws: FetchError.self) {
        try await client.send(
          FetchRequest(endpoint: .unix(path: "/nonexistent/socket"), method: .get, path: "/"))
      }
      #expect(missing?.delivery == .notSent)
    }
  }

  @Test func aNotSentRequestIsTriedAgain() async throws {
    let folder = try TemporaryFolder()
    let path = folder.file("late.sock")
    try await Self.withClient { client in
      var request = FetchRequest(endpoint: .unix(path: path), method: .post, path: "/echo")
      request.attempts = 20
      async let response = client.send(request)
      let server = HTTPServer(
        configuration: ListenerConfiguration(address: .unix(path: path, mode: 0o600)),
        router: try Router(TestRoutes.all), executor: TestLoop.executor,
        logger: TestServer.quiet, metrics: MetricsFixture.registry)
      try await server.start()
      #expect(try await response.status == 200)
      await server.drain(within: .zero)
    }
  }

  @Test(arguments: [(false, 1), (true, 2)])
  func aLostAnswerIsTriedAgainOnlyForIdempotentRequests(
    isIdempotent: Bool, connections: Int
  ) async throws {
    let server = try RawServer(
      { try $0.readHead() },
      { peer in
        try peer.readHead()
        peer.send(Self.ok)
      })
    try await Self.withClient { client in
      var request = Self.request(server.port)
      request.attempts = 5
      request.isIdempotent = isIdempotent
      let error = await Self.failure(client, request)
      #expect(error?.kind == (isIdempotent ? nil : .closed))
      #expect(error?.delivery == (isIdempotent ? nil : .mayHaveBeenSent))
      #expect(server.connectionCount == connections)
    }
  }

  @Test func anAnswerThatDoesNotComeTimesOut() async throws {
    let server = try RawServer { $0.waitForEnd() }
    try await Self.withClient { client in
      var request = Self.request(server.port)
      request.timeout = .seconds(1)
      let error = await Self.failure(client, request)
      #expect(error?.kind == .timeout)
      #expect(error?.delivery == .mayHaveBeenSent)
    }
  }

  @Test func aRequestThatWaitsForAConnectionTimesOutUnsent() async throws {
    let read = Waiter<Bool>()
    let server = try RawServer { peer in
      try peer.readHead()
      read.resolve(true)
      peer.waitForEnd()
    }
    var configuration = ClientConfiguration()
    configuration.connectionsPerEndpoint = 1
    configuration.waitingPerEndpoint = 1
    try await Self.withClient(configuration) { client in
      let first = Task { await Self.failure(client, Self.request(server.port)) }
      #expect(await read.value(ifCancelled: false))
      var request = Self.request(server.port)
      request.timeout = .milliseconds(200)
      let waiting = request
      async let second = Self.failure(client, waiting)
      async let third = Self.failure(client, waiting)
      let others = await [second, third]
      #expect(Set(others.map { $0?.kind }) == [.timeout, .overloaded])
      #expect(others.allSatisfy { $0?.delivery == .notSent })
      first.cancel()
      #expect(await first.value?.delivery == .mayHaveBeenSent)
    }
  }

  private static func failure(_ client: HTTPClient, _ request: FetchRequest) async -> FetchError? {
    do {
      _ = try await client.send(request)
      return nil
    } catch {
      return error
    }
  }

  @Test(arguments: [
    (
      "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + String(repeating: "x", count: 2000),
      FetchError.Kind.responseTooLarge
    ),
    (
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7D0\r\n"
        + String(repeating: "x", count: 2000), .responseTooLarge
    ),
    ("nonsense\r\n\r\n", .malformedResponse),
    ("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", .closed),
    ("HTTP/1.1 200 OK\r\nX: y\r\nContent-Le", .closed),
    ("", .closed),
  ])
  func brokenAnswersHaveNames(answer: String, kind: FetchError.Kind) async throws {
    let server = try RawServer { peer in
      try peer.readHead()
      peer.send(answer)
    }
    try await Self.withClient { client in
      var request = Self.request(server.port)
      request.maximumResponseBytes = 1000
      let error = await Self.failure(client, request)
      #expect(error?.kind == kind)
      #expect(error?.delivery == .mayHaveBeenSent)
    }
  }

  @Test func answersWithoutALengthEndWithTheConnection() async throws {
    let server = try RawServer { peer in
      try peer.readHead()
      peer.send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\nall of it")
    }
    try await Self.withClient { client in
      let response = try await client.send(Self.request(server.port))
      #expect(String(decoding: response.body, as: UTF8.self) == "all of it")
      #expect(try await client.send(Self.request(server.port)).status == 200)
      #expect(server.connectionCount == 2)
    }
  }

  @Test func unaskedBytesEndAConnection() async throws {
    let server = try RawServer { peer in
      try peer.readHead()
      peer.send(Self.ok + "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong")
      peer.waitForEnd()
    }
    try await Self.withClient { client in
      for _ in 0..<3 {
        let response = try await client.send(Self.request(server.port))
        #expect(String(decoding: response.body, as: UTF8.self) == "ok")
      }
    }
  }

  @Test func aCancelledRequestHangsUp() async throws {
    let (read, ended) = (Waiter<Bool>(), Waiter<Bool>())
    let server = try RawServer { peer in
      try peer.readHead()
      read.resolve(true)
      peer.waitForEnd()
      ended.resolve(true)
    }
    try await Self.withClient { client in
      let task = Task { await Self.failure(client, Self.request(server.port)) }
      #expect(await read.value(ifCancelled: false))
      task.cancel()
      #expect(await task.value?.kind == .cancelled)
    }
    #expect(await ended.value(ifCancelled: false))
  }

  @Test func idleConnectionsAreGivenUp() async throws {
    let ended = Waiter<Bool>()
    let server = try RawServer { peer in
      try peer.readHead()
      peer.send(Self.ok)
      peer.waitForEnd()
      ended.resolve(true)
    }
    var configuration = ClientConfiguration()
    configuration.idleTime = .milliseconds(50)
    try await Self.withClient(configuration) { client in
      _ = try await client.send(Self.request(server.port))
      #expect(await ended.value(ifCancelled: false))
    }
  }

  @Test func whatCannotBeSentIsRefused() async throws {
    try await TestServer.with { server in
      try await Self.withClient { client in
        for path in ["", "x", "/a b", "/a\r\nX: y", "/\u{7F}"] {
          let error = await Self.failure(client, Self.request(server.port, .get, path))
          #expect(error?.kind == .invalidRequest)
        }
        for header in [("X\r\n", "y"), ("X", "a\r\nb"), ("", "y"), ("a:b", "y"), ("a b", "y")] {
          var request = Self.request(server.port)
          request.headers = [header]
          #expect(await Self.failure(client, request)?.kind == .invalidRequest)
        }
      }
    }
  }

  @Test func afterShutdownNothingIsSent() async throws {
    try await TestServer.with { server in
      let client = HTTPClient(executor: TestLoop.executor)
      _ = try await client.send(Self.request(server.port))
      await client.shutdown()
      #expect(await Self.failure(client, Self.request(server.port))?.kind == .shutdown)
    }
  }
}
