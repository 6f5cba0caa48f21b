import HTTPServing
import TestKit
import Testing

/// Bytes that no client should send; the server must outlive them all.
@Suite struct GarbageTests {
  private static let pieces: [String] = [
    "GET ", "PUT ", "POST ", "OPTIONS ", "CONNECT ", "HEAD ", "G\u{0}T ", "/versions", "/echo",
    "/rooms/%21/state/", "%", "%zz", "%00", "*", "http://", "://", "?", "&&=", "#", " ",
    " HTTP/1.1", " HTTP/1.0", " HTTP/2.0", " HTTP/9", "\r\n", "\n", "\r", "\r\n\r\n", "Host: x",
    "Content-Length: 5", "Content-Length: -5", "Content-Length: 99999999999999999999",
    "Transfer-Encoding: chunked", "Transfer-Encoding: identity", "Expect: 100-continue",
    "Connection: close", "Connection: upgrade", "Upgrade: websocket", "X:", ":", ": x", "5\r\n",
    "FFFFFFFFFFFFFFFFF\r\n", "0\r\n\r\n", "-1\r\n", "hello", "\u{7F}", "é", "\u{0}", "\t", ";ext=1",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  ]

  private static func bytes(_ random: inout SeededRandom) -> [UInt8] {
    var result: [UInt8] = []
    for _ in 0..<Int.random(in: 1...30, using: &random) {
      switch Int.random(in: 0..<10, using: &random) {
      case 0:
        let count = Int.random(in: 1...40, using: &random)
        for _ in 0..<count { result.append(UInt8.random(in: 0...255, using: &random)) }
      case 1: result += Array("GET /versions HTTP/1.1\r\nHost: x\r\n\r\n".utf8)
      default: result += Array((pieces.randomElement(using: &random) ?? "").utf8)
      }
    }
    return result
  }

  @Test(arguments: 0..<8)
  func garbageNeverEndsTheServer(seed: Int) async throws {
    var limits = ServerLimits()
    limits.headTime = .milliseconds(300)
    limits.bodyTime = .milliseconds(300)
    try await TestServer.with(limits: limits) { server in
      var random = SeededRandom(UInt64(seed) + 1)
      for _ in 0..<60 {
        let garbage = Self.bytes(&random)
        let cut = Int.random(in: 0...garbage.count, using: &random)
        try await server.talk { socket in
          socket.sendLoosely(Array(garbage[..<cut]))
          socket.sendLoosely(Array(garbage[cut...]))
        }
      }
      #expect(try await server.get("/versions").status == 200)
      #expect(
        await eventually { server.total("synapse_http_server_in_flight_requests_count") == 0 })
    }
  }

  @Test(arguments: 0..<4)
  func whatIsAnsweredToGarbageIsNoServerError(seed: Int) async throws {
    var limits = ServerLimits()
    limits.headTime = .milliseconds(50)
    limits.bodyTime = .milliseconds(50)
    limits.idleTime = .milliseconds(50)
    try await TestServer.with(limits: limits) { server in
      var random = SeededRandom(UInt64(seed) + 100)
      for _ in 0..<15 {
        let garbage = Self.bytes(&random)
        let answers = try await server.talk { socket in
          socket.sendLoosely(garbage)
          return try socket.readToEnd()
        }
        #expect(!answers.contains("HTTP/1.1 5"), "seed \(seed): \(garbage)")
      }
    }
  }
}
