import HTTPServing
import MatrixJSON
import Testing

@Suite struct ServerAnswerTests {
  private static func errcode(_ response: RawResponse) throws -> String? {
    try JSONDocument(Array(response.body.utf8)).root["errcode"]?.string
  }

  private static func allowsOtherOrigins(_ response: RawResponse) -> Bool {
    response.headers["access-control-allow-origin"] == "*"
      && response.headers["access-control-allow-methods"] == "GET, POST, PUT, DELETE, OPTIONS"
      && response.headers["access-control-allow-headers"]
        == "X-Requested-With, Content-Type, Authorization"
  }

  @Test func answersWithJSONAndOtherOriginsAllowed() async throws {
    try await TestServer.with { server in
      let response = try await server.get("/versions")
      #expect(response.status == 200)
      #expect(response.body == #"{"versions":["v1.1"]}"#)
      #expect(response.headers["content-type"] == "application/json")
      #expect(response.headers["server"] == "Apus")
      #expect(Self.allowsOtherOrigins(response))
    }
  }

  @Test(arguments: [
    ("GET", "/nowhere", 404, "M_UNRECOGNIZED"),
    ("POST", "/versions", 405, "M_UNRECOGNIZED"),
    ("PROPFIND", "/versions", 405, "M_UNRECOGNIZED"),
    ("PROPFIND", "/nowhere", 404, "M_UNRECOGNIZED"),
    ("GET", "/rooms/%zz/state/x", 400, "M_INVALID_PARAM"),
    ("GET", "/rooms/%ff/state/x", 400, "M_INVALID_PARAM"),
    ("GET", "/query?value=%zz", 400, "M_INVALID_PARAM"),
    ("GET", "/query?value=%c3", 400, "M_INVALID_PARAM"),
    ("GET", "/limited", 429, "M_LIMIT_EXCEEDED"),
    ("GET", "/odd", 500, "M_UNKNOWN"),
    ("GET", "/converted", 403, "M_FORBIDDEN"),
    ("GET", "/big?size=x", 400, "M_INVALID_PARAM"),
    ("POST", "/object", 400, "M_MISSING_PARAM"),
  ])
  func failuresAreMatrixErrors(
    method: String, target: String, status: Int, code: String
  ) async throws {
    try await TestServer.with { server in
      let response = try await server.ask(
        "\(method) \(target) HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
      #expect(response.status == status)
      #expect(try Self.errcode(response) == code)
      #expect(response.headers["content-type"] == "application/json")
      #expect(Self.allowsOtherOrigins(response))
      #expect((response.headers["allow"] != nil) == (status == 405))
      #expect((response.headers["retry-after"] != nil) == (status == 429))
    }
  }

  @Test(arguments: ["{", "", "[]", "{\"name\":1}", "\u{1}"])
  func badBodiesAreNamed(_ body: String) async throws {
    try await TestServer.with { server in
      let response = try await server.ask(
        "POST /object HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
      let expected = ["": "M_MISSING_PARAM", "[]": "M_BAD_JSON", "{\"name\":1}": "M_BAD_JSON"]
      #expect(response.status == 400)
      #expect(try Self.errcode(response) == expected[body] ?? "M_NOT_JSON")
    }
  }

  @Test(arguments: ["/versions", "/odd", "/nowhere", "/echo"])
  func preflightNeedsNoRoute(_ path: String) async throws {
    try await TestServer.with { server in
      let response = try await server.ask("OPTIONS \(path) HTTP/1.1\r\nHost: x\r\n\r\n")
      #expect(response.status == 200)
      #expect(Self.allowsOtherOrigins(response))
      #expect(
        server.metric(#"synapse_http_server_requests_received_total{method="GET",servlet="odd"}"#)
          == nil)
    }
  }

  @Test func headIsGetWithoutItsBody() async throws {
    try await TestServer.with { server in
      try await server.talk { socket in
        try socket.send("HEAD /versions HTTP/1.1\r\nHost: x\r\n\r\n")
        let head = try socket.readResponse(hasBody: false)
        #expect(head.status == 200)
        #expect(head.headers["content-length"] == "21")
        try socket.send("GET /versions HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(try socket.readResponse().body.utf8.count == 21)
      }
    }
  }

  @Test func decodesSegmentsOnceAndKeepsEmptyOnes() async throws {
    try await TestServer.with { server in
      let encoded = try await server.get("/rooms/%21a%2Fb%252F%3Ax/state/m.room%20topic/")
      #expect(encoded.body == #"{"key":"","room":"!a/b%2F:x","type":"m.room topic"}"#)
      let keyless = try await server.get("/rooms/!a:x/state/t?x=/a/b")
      #expect(keyless.body == #"{"key":"","room":"!a:x","type":"t"}"#)
      let absolute = try await server.get("http://example.org/rooms/!a:x/state/t/k")
      #expect(absolute.body == #"{"key":"k","room":"!a:x","type":"t"}"#)
      let plus = try await server.get("/query?value=a+b%2B")
      #expect(plus.body == #"{"value":"a b+"}"#)
    }
  }

  @Test func otherSurfacesDoNotAllowOtherOrigins() async throws {
    try await TestServer.with { server in
      let response = try await server.ask(
        "POST /internal HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
      #expect(response.status == 200)
      #expect(response.headers["access-control-allow-origin"] == nil)
    }
  }

  @Test(arguments: [
    (true, "X-Forwarded-For: 203.0.113.7, 10.0.0.1\r\n", "203.0.113.7"),
    (true, "X-Forwarded-For: 2001:db8::1\r\n", "2001:db8::1"),
    (true, "X-Forwarded-For: [2001:db8::1]:99\r\n", "2001:db8::1"),
    (true, "X-Forwarded-For: 203.0.113.7:1234\r\n", "203.0.113.7"),
    (true, "X-Forwarded-For: nonsense\r\n", "127.0.0.1"),
    (true, "X-Forwarded-For:\r\n", "127.0.0.1"),
    (true, "", "127.0.0.1"),
    (false, "X-Forwarded-For: 203.0.113.7\r\n", "127.0.0.1"),
  ])
  func remoteAddress(trusts: Bool, header: String, expected: String) async throws {
    try await TestServer.with(trustsForwardedFor: trusts) { server in
      let response = try await server.get("/peer", headers: header)
      #expect(response.body == #"{"peer":"\#(expected)"}"#)
    }
  }

  @Test(arguments: [0, 1, 1000, 16 << 10, (16 << 10) + 1, 5_000_000])
  func answersOfEverySize(_ size: Int) async throws {
    try await TestServer.with { server in
      let response = try await server.get("/big?size=\(size)")
      #expect(response.body.utf8.count == size)
    }
  }

  @Test func countsRequestsAndAnswers() async throws {
    try await TestServer.with { server in
      for _ in 0..<3 { _ = try await server.get("/versions") }
      _ = try await server.get("/limited")
      let labels = #"method="GET",servlet="versions""#
      #expect(server.metric("synapse_http_server_requests_received_total{\(labels)}") == 3)
      #expect(server.metric("synapse_http_server_responses_total{\(labels),code=\"200\"}") == 3)
      #expect(server.metric("synapse_http_server_in_flight_requests_count{\(labels)}") == 0)
      #expect(server.metric("synapse_http_server_response_time_seconds_count{\(labels)}") == 3)
      let limited = #"{method="GET",servlet="limited",code="429"}"#
      #expect(server.metric("synapse_http_server_responses_total\(limited)") == 1)
    }
  }

  @Test func healthReadyAndMetrics() async throws {
    let missing = Lacking()
    let registry = MetricsFixture.registry
    let routes = HealthRoutes.health { missing.names } + [HealthRoutes.metrics(registry)]
    try await TestServer.with(routes) { server in
      let health = try await server.get("/health")
      #expect(health.status == 200)
      #expect(health.body == "OK")
      let waiting = try await server.get("/ready")
      #expect(waiting.status == 503)
      #expect(waiting.body == #"{"missing":["database"],"ready":false}"#)
      missing.names = []
      #expect(try await server.get("/ready").status == 200)
      let metrics = try await server.get("/metrics")
      #expect(metrics.body.contains("fixture_total 1\n"))
      #expect(metrics.headers["content-type"]?.hasPrefix("text/plain; version=0.0.4") == true)
      #expect(try await server.get("/_synapse/metrics").body == metrics.body)
    }
  }
}
