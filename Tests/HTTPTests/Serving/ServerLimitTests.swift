import HTTPServing
import Testing

@Suite struct ServerLimitTests {
  /// Short, but longer than a busy machine takes to start a conversation.
  private static var impatient: ServerLimits {
    var limits = ServerLimits()
    limits.headTime = .seconds(1)
    limits.bodyTime = .seconds(1)
    limits.idleTime = .seconds(1)
    limits.writeTime = .seconds(1)
    limits.lingerTime = .milliseconds(200)
    return limits
  }

  @Test func tooLargeByItsLengthIsRefusedBeforeItIsSent() async throws {
    try await TestServer.with { server in
      try await server.talk { socket in
        try socket.send("PUT /small HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\n")
        let response = try socket.readResponse()
        #expect(response.status == 413)
        #expect(response.body.contains("M_TOO_LARGE"))
        #expect(response.headers["connection"] == "close")
        #expect(try socket.readToEnd().isEmpty)
      }
    }
  }

  @Test func tooLargeInChunksIsRefusedOnTheWay() async throws {
    try await TestServer.with { server in
      try await server.talk { socket in
        try socket.send("PUT /small HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        try socket.send("8\r\n12345678\r\n")
        try socket.send("8\r\n12345678\r\n")
        #expect(try socket.readResponse().status == 413)
      }
    }
  }

  @Test func chunkedBodiesAreJoined() async throws {
    try await TestServer.with { server in
      try await server.talk { socket in
        try socket.send("PUT /small HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        try socket.send("5\r\n12345\r\n5\r\n67890\r\n0\r\n\r\n")
        #expect(try socket.readResponse().body == "1234567890")
        try socket.send("PUT /small HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n0123456789")
        #expect(try socket.readResponse().body == "0123456789")
      }
    }
  }

  @Test func aPeerThatKeepsSendingGetsItsRefusal() async throws {
    try await TestServer.with { server in
      try await server.talk { socket in
        try socket.send("PUT /small HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\n\r\n")
        socket.sendLoosely([UInt8](repeating: 0x61, count: 1_000_000))
        #expect(try socket.readResponse().status == 413)
      }
    }
  }

  @Test(arguments: [(1, 20_000), (200, 1), (100, 1000)])
  func headersHaveALimit(count: Int, size: Int) async throws {
    let value = String(repeating: "a", count: size)
    let headers = (0..<count).map { "X-\($0): \(value)" }.joined(separator: "\r\n")
    try await TestServer.with { server in
      try await server.talk { socket in
        socket.sendLoosely(Array("GET /versions HTTP/1.1\r\nHost: x\r\n\(headers)\r\n\r\n".utf8))
        let response = try socket.readResponse()
        #expect(response.status == 431)
        #expect(try socket.readToEnd().isEmpty)
      }
    }
  }

  @Test func targetsHaveALimit() async throws {
    try await TestServer.with { server in
      let response = try await server.get("/" + String(repeating: "a", count: 20_000))
      #expect(response.status == 431)
    }
  }

  @Test(arguments: [
    "GET /versions HTTP/1.1\r\nHost: x\r\nX-Half: ", "GET /ver", "\r\n",
  ])
  func aHeadThatDoesNotComeIsGivenUp(_ start: String) async throws {
    try await TestServer.with(limits: Self.impatient) { server in
      try await server.talk { socket in
        try socket.send(start)
        #expect(try socket.readResponse().status == 408)
        #expect(try socket.readToEnd().isEmpty)
      }
    }
  }

  @Test func aHeadThatTricklesIsGivenUp() async throws {
    try await TestServer.with(limits: Self.impatient) { server in
      try await server.talk { socket in
        try socket.send("GET /versions HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(try socket.readResponse().status == 200)
        try socket.send("GET /versions HTTP/1.1\r\n")
        for _ in 0..<100 { socket.sendLoosely(Array("X-More: a\r\n".utf8)) }
        #expect(try socket.readResponse().status == 408)
      }
    }
  }

  @Test func aBodyThatStandsStillIsGivenUp() async throws {
    try await TestServer.with(limits: Self.impatient) { server in
      try await server.talk { socket in
        try socket.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc")
        #expect(try socket.readResponse().status == 408)
      }
    }
  }

  @Test func idleConnectionsEndAndSilentOnesToo() async throws {
    try await TestServer.with(limits: Self.impatient) { server in
      try await server.talk { socket in
        try socket.send("GET /versions HTTP/1.1\r\nHost: x\r\n\r\n")
        _ = try socket.readResponse()
        #expect(try socket.readToEnd().isEmpty)
      }
      try await server.talk { socket in _ = try socket.readToEnd() }
    }
  }

  @Test func longPollsAreNotCutByAnyLimit() async throws {
    let gate = Gate()
    try await TestServer.with([gate.route("/wait")], limits: Self.impatient) { server in
      async let response = server.get("/wait")
      #expect(await eventually { gate.enteredCount == 1 })
      // Longer than each limit: another connection is seen to be ended meanwhile.
      try await server.talk { socket in _ = try socket.readToEnd() }
      try await server.talk { socket in _ = try socket.readToEnd() }
      gate.open()
      #expect(try await response.status == 200)
    }
  }

  @Test func aReaderThatStopsIsGivenUp() async throws {
    try await TestServer.with(limits: Self.impatient) { server in
      try await server.talk { socket in
        socket.shrinkReceiveBuffer()
        try socket.send("GET /big?size=50000000 HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(try socket.readLine() == "HTTP/1.1 200 OK")
      }
      let seen = try await server.talk { socket in
        socket.shrinkReceiveBuffer()
        try socket.send("GET /big?size=50000000 HTTP/1.1\r\nHost: x\r\n\r\n")
        // Not reading for longer than the limit.
        try socket.waitForWriteFailure()
        return try socket.readToEnd().utf8.count
      }
      #expect(seen < 50_000_000)
    }
  }

  @Test func continueIsSaidWhenTheBodyIsWanted() async throws {
    try await TestServer.with { server in
      try await server.talk { socket in
        let head = "HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
        try socket.send("POST /echo \(head)")
        #expect(try socket.readLine() == "HTTP/1.1 100 Continue")
        #expect(try socket.readLine() == "")
        try socket.send("{}")
        #expect(try socket.readResponse().body == "{}")
      }
    }
  }

  @Test(arguments: [
    ("POST /nowhere", 2, 404), ("PUT /small", 11, 413), ("PUT /echo", 2, 405),
  ])
  func continueIsNotSaidForARefusal(request: String, length: Int, status: Int) async throws {
    try await TestServer.with { server in
      try await server.talk { socket in
        try socket.send(
          "\(request) HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
            + "Content-Length: \(length)\r\n\r\n")
        #expect(try socket.readResponse().status == status)
        #expect(try socket.readToEnd().isEmpty)
      }
    }
  }

  @Test(arguments: [
    "Content-Length: 2\r\nContent-Length: 3\r\n",
    "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
    "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n",
    "Transfer-Encoding: gzip\r\n",
    "Transfer-Encoding: gzip, chunked\r\n",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
    "Content-Length: -1\r\n",
    "Content-Length: +2\r\n",
    "Content-Length: 2,2\r\n",
    "Content-Length: 99999999999999999999999\r\n",
    "Host: y\r\n",
    "Bad Header: x\r\n",
    "No-Colon\r\n",
    " Folded: x\r\n",
  ])
  func ambiguousFramingIsRefused(_ headers: String) async throws {
    try await TestServer.with { server in
      try await server.talk { socket in
        socket.sendLoosely(Array("POST /echo HTTP/1.1\r\nHost: x\r\n\(headers)\r\n{}".utf8))
        let response = try socket.readResponse()
        #expect(response.status == 400)
        #expect(response.headers["connection"] == "close")
        #expect(try socket.readToEnd().isEmpty)
      }
    }
  }

  @Test func aHostIsNeeded() async throws {
    try await TestServer.with { server in
      #expect(try await server.ask("GET /versions HTTP/1.1\r\n\r\n").status == 400)
      let old = try await server.ask("GET /versions HTTP/1.0\r\n\r\n")
      #expect(old.status == 200)
      #expect(old.headers["connection"] == "close")
    }
  }

  @Test func anOldPeerMayKeepItsConnection() async throws {
    try await TestServer.with { server in
      try await server.talk { socket in
        for _ in 0..<2 {
          try socket.send("GET /versions HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
          #expect(try socket.readResponse().headers["connection"] == "keep-alive")
        }
      }
    }
  }

  @Test func anUpgradeIsAnsweredAsIfNotAsked() async throws {
    try await TestServer.with { server in
      try await server.talk { socket in
        try socket.send(
          "GET /versions HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
        socket.sendLoosely([UInt8](repeating: 0x61, count: 1_000_000))
        #expect(try socket.readResponse().status == 200)
      }
    }
  }
}
