import Executors
import HTTPServing
import Synchronization
import Testing

@Suite struct ServerOrderTests {
  @Test func pipelinedRequestsAreAnsweredInTheirOrder() async throws {
    let gate = Gate()
    try await TestServer.with(TestRoutes.all + [gate.route("/wait")]) { server in
      async let bodies = server.talk { socket in
        let asked = ["/wait", "/query?value=1", "/nowhere", "/query?value=2"]
        try socket.send(asked.map { "GET \($0) HTTP/1.1\r\nHost: x\r\n\r\n" }.joined())
        return try asked.map { _ in try socket.readResponse().body }
      }
      #expect(await eventually { gate.enteredCount == 1 })
      gate.open()
      let answers = try await bodies
      #expect(answers[0] == #"{"gate":"open"}"#)
      #expect(answers[1] == #"{"value":"1"}"#)
      #expect(answers[2].contains("M_UNRECOGNIZED"))
      #expect(answers[3] == #"{"value":"2"}"#)
    }
  }

  @Test func bodiesOfPipelinedRequestsStayApart() async throws {
    try await TestServer.with { server in
      try await server.talk { socket in
        let texts = (0..<40).map { String(repeating: "\($0)", count: $0) }
        let all = texts.map {
          "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: \($0.utf8.count)\r\n\r\n\($0)"
        }.joined()
        for part in all.utf8.split(every: 7) { try socket.send(part) }
        for text in texts { #expect(try socket.readResponse().body == text) }
      }
    }
  }

  @Test func tooManyPipelinedRequestsEndTheConnectionAfterThoseTaken() async throws {
    var limits = ServerLimits()
    limits.pipelined = 4
    let gate = Gate()
    try await TestServer.with([gate.route("/wait")], limits: limits) { server in
      async let statuses = server.talk { socket in
        let one = "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n"
        try socket.send(String(repeating: one, count: 50))
        var statuses: [String] = []
        while true {
          let response = try socket.readResponse()
          statuses.append(response.headers["connection"] ?? "kept")
          if statuses.last == "close" { break }
        }
        #expect(try socket.readToEnd().isEmpty)
        return statuses
      }
      #expect(await eventually { gate.enteredCount == 1 })
      gate.open()
      let seen = try await statuses
      #expect(seen.count == 6)
      #expect(seen.dropLast().allSatisfy { $0 == "kept" })
    }
  }

  @Test(arguments: [true, false])
  func aClientThatLeavesCancelsItsRequest(byReset: Bool) async throws {
    let gate = Gate()
    try await TestServer.with([gate.route("/wait")]) { server in
      try await server.talk { socket in
        try socket.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n")
        while gate.enteredCount == 0 {}
        if byReset { socket.reset() } else { socket.close() }
      }
      #expect(await eventually { gate.result == "cancelled" })
      let inFlight = #"synapse_http_server_in_flight_requests_count{method="GET",servlet="gate"}"#
      #expect(await eventually { server.metric(inFlight) == 0 })
    }
  }

  @Test func aClientThatLeavesWithRequestsWaitingCancelsTheFirst() async throws {
    let gate = Gate()
    try await TestServer.with([gate.route("/wait")]) { server in
      try await server.talk { socket in
        let one = "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n"
        try socket.send(one + one + one)
        while gate.enteredCount == 0 {}
      }
      #expect(await eventually { gate.result == "cancelled" })
      #expect(gate.enteredCount == 1)
    }
  }

  @Test func drainLetsRunningRequestsEnd() async throws {
    let gate = Gate()
    let server = try await TestServer.start(TestRoutes.all + [gate.route("/drained")])
    let idle = try await Idler.connect(server)
    async let response = server.get("/drained")
    #expect(await eventually { gate.enteredCount == 1 })
    async let drained: Void = server.server.drain(within: .seconds(RawSocket.patience))
    #expect(try await idle.isClosed())
    // The port may be another test's by now; this server takes nothing more.
    _ = try? await server.get("/drained")
    #expect(gate.enteredCount == 1)
    gate.open()
    let answer = try await response
    #expect(answer.status == 200)
    #expect(answer.headers["connection"] == "close")
    await drained
    #expect(gate.result == "open")
  }

  @Test func drainCancelsWhatDoesNotEnd() async throws {
    let gate = Gate()
    let server = try await TestServer.start([gate.route("/wait")])
    async let response = try? server.get("/wait")
    #expect(await eventually { gate.enteredCount == 1 })
    await server.server.drain(within: .milliseconds(50))
    #expect(await eventually { gate.result == "cancelled" })
    #expect(await response == nil)
  }

  @Test func drainHasWhatDoesNotEndSaySo() async throws {
    let (gate, failing) = (Gate(), Gate())
    let server = try await TestServer.start(
      TestRoutes.all + [gate.route("/wait"), failing.failingRoute("/fail")])
    async let answers = server.talk { socket in
      let asked = ["/wait", "/versions"]
      try socket.send(asked.map { "GET \($0) HTTP/1.1\r\nHost: x\r\n\r\n" }.joined())
      return try asked.map { _ in try socket.readResponse() }
    }
    async let failed = server.get("/fail")
    #expect(await eventually { gate.enteredCount + failing.enteredCount == 2 })
    await server.server.drain(
      within: .milliseconds(50), answering: .seconds(RawSocket.patience))
    let (given, refused) = (try await answers, try await failed)
    // What the first one makes of it is its own; what waited behind it was not begun.
    #expect(given.map(\.status) == [200, 503])
    #expect(given[0].body == #"{"gate":"cancelled"}"#)
    #expect(given[1].headers["connection"] == "close")
    #expect(refused.status == 503)
    #expect(refused.body.contains("M_UNKNOWN"))
  }

  @Test func drainCutsWhatDoesNotEvenSaySo() async throws {
    let gate = Gate()
    let server = try await TestServer.start([gate.stubbornRoute("/wait")])
    async let response = try? server.get("/wait")
    #expect(await eventually { gate.enteredCount == 1 })
    await server.server.drain(within: .zero, answering: .milliseconds(50))
    #expect(await response == nil)
    gate.open()
  }

  @Test func theShutdownSignalReachesEveryObserver() async {
    let signal = ShutdownSignal()
    let calls = Mutex(0)
    let kept = signal.observe { calls.withLock { $0 += 1 } }
    signal.observe { calls.withLock { $0 += 10 } }.cancel()
    async let waited: Void = signal.wait()
    #expect(!signal.isGiven)
    signal.give()
    signal.give()
    await waited
    let late = signal.observe { calls.withLock { $0 += 100 } }
    #expect(calls.withLock { $0 } == 101)
    await signal.wait()
    kept.cancel()
    late.cancel()
  }

  @Test func waitingForTheSignalEndsWithTheTask() async {
    let signal = ShutdownSignal()
    let task = Task { await signal.wait() }
    task.cancel()
    await task.value
    #expect(!signal.isGiven)
  }
}

/// A connection that has been used and is kept.
struct Idler: Sendable {
  private let closed: Task<Bool, any Error>

  static func connect(_ server: TestServer) async throws -> Idler {
    let ready = Waiter<Void>()
    let task = Task {
      try await server.talk { socket in
        try socket.send("GET /versions HTTP/1.1\r\nHost: x\r\n\r\n")
        _ = try socket.readResponse()
        ready.resolve(())
        return try socket.readToEnd().isEmpty
      }
    }
    await ready.value(ifCancelled: ())
    return Idler(closed: task)
  }

  /// Waits for the server to hang up.
  func isClosed() async throws -> Bool {
    try await closed.value
  }
}

extension String.UTF8View {
  /// Pieces of a few bytes.
  func split(every size: Int) -> [[UInt8]] {
    let bytes = Array(self)
    return stride(from: 0, to: bytes.count, by: size).map {
      Array(bytes[$0..<Swift.min($0 + size, bytes.count)])
    }
  }
}
