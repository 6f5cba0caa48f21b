import Executors
import HTTPServing
import MatrixJSON
import Synchronization
import Testing

@Suite struct SuspensionTests {
  @Test func aSuspendedRequestIsAnsweredAfterItsSignal() async throws {
    let poll = TestPoll()
    try await TestServer.with([poll.route("/poll")]) { server in
      async let response = server.get("/poll")
      #expect(await eventually { poll.state.suspended == 1 })
      poll.signal(true)
      #expect(await eventually { poll.state.suspended == 2 })
      #expect(poll.state.words == [true])
      poll.signal(false)
      let answer = try await response
      #expect((answer.status, answer.body) == (200, #"{"words":2}"#))
      #expect(poll.state.abandoned == 0)
    }
  }

  @Test func aSignalThatWasGivenBeforeCounts() async throws {
    let poll = TestPoll(rounds: 1)
    poll.signal(true)
    try await TestServer.with([poll.route("/poll")]) { server in
      let answer = try await server.get("/poll")
      #expect(answer.body == #"{"words":1}"#)
    }
  }

  @Test func whatIsThrownAfterTheSignalIsTheAnswer() async throws {
    let poll = TestPoll(rounds: 1, failure: .forbidden("No more"))
    try await TestServer.with([poll.route("/poll")]) { server in
      async let response = server.get("/poll")
      #expect(await eventually { poll.state.suspended == 1 })
      poll.signal(true)
      let answer = try await response
      #expect(answer.status == 403)
    }
  }

  @Test func requestsBehindASuspendedOneKeepTheirOrder() async throws {
    let poll = TestPoll(rounds: 1)
    try await TestServer.with(TestRoutes.all + [poll.route("/poll")]) { server in
      async let bodies = server.talk { socket in
        let asked = ["/poll", "/query?value=1"]
        try socket.send(asked.map { "GET \($0) HTTP/1.1\r\nHost: x\r\n\r\n" }.joined())
        return try asked.map { _ in try socket.readResponse().body }
      }
      #expect(await eventually { poll.state.suspended == 1 })
      poll.signal(true)
      let answers = try await bodies
      #expect(answers == [#"{"words":1}"#, #"{"value":"1"}"#])
    }
  }

  @Test(arguments: [true, false])
  func aClientThatLeavesAbandonsItsRequest(byReset: Bool) async throws {
    let poll = TestPoll()
    try await TestServer.with([poll.route("/poll")]) { server in
      try await server.talk { socket in
        try socket.send("GET /poll HTTP/1.1\r\nHost: x\r\n\r\n")
        while poll.state.suspended == 0 {}
        if byReset { socket.reset() } else { socket.close() }
      }
      #expect(await eventually { poll.state.abandoned == 1 })
      let inFlight = #"synapse_http_server_in_flight_requests_count{method="GET",servlet="poll"}"#
      #expect(await eventually { server.metric(inFlight) == 0 })
      #expect(poll.state.words.isEmpty)
    }
  }

  @Test func drainLetsASuspendedRequestEnd() async throws {
    let poll = TestPoll(rounds: 1)
    let server = try await TestServer.start([poll.route("/poll")])
    async let response = server.get("/poll")
    #expect(await eventually { poll.state.suspended == 1 })
    async let drained: Void = server.server.drain(within: .seconds(RawSocket.patience))
    poll.signal(false)
    let answer = try await response
    #expect(answer.status == 200)
    await drained
  }
}

extension SuspensionTests {
  @Test func drainAnswersWhoStillWaits() async throws {
    let poll = TestPoll(rounds: 1)
    let server = try await TestServer.start([poll.route("/poll")])
    async let response = server.get("/poll")
    #expect(await eventually { poll.state.suspended == 1 })
    await server.server.drain(within: .zero, answering: .seconds(RawSocket.patience))
    #expect(try await response.status == 200)
    #expect(poll.state.words == [false])
    #expect(poll.state.abandoned == 0)
  }
}

/// A handler that suspends some times before it answers.
private final class TestPoll: Sendable {
  struct State {
    var waiter = Waiter<Bool>()
    var suspended = 0
    var abandoned = 0
    var words: [Bool] = []
  }

  private let current = Mutex(State())
  private let rounds: Int
  private let failure: MatrixError?

  init(rounds: Int = 2, failure: MatrixError? = nil) {
    self.rounds = rounds
    self.failure = failure
  }

  var state: State { current.withLock { $0 } }

  func signal(_ word: Bool) {
    state.waiter.resolve(word)
  }

  func route(_ path: String) -> Route {
    TestRoutes.route("poll", .get, path) { [self] _ in suspend() }
  }

  private func suspend() -> Response {
    let waiter = current.withLock { state in
      state.suspended += 1
      return state.waiter
    }
    return .later(
      Suspension(
        until: waiter, resume: { [self] word in try resume(word) },
        abandon: { [self] in current.withLock { $0.abandoned += 1 } }))
  }

  private func resume(_ word: Bool) throws -> Response {
    let isLast = current.withLock { state in
      state.words.append(word)
      state.waiter = Waiter()
      return state.words.count == rounds
    }
    guard isLast else { return suspend() }
    if let failure { throw failure }
    return .json(["words": .integer(Int64(rounds))])
  }
}
