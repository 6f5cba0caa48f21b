import Testing

@testable import ServerConfig

/// Which worker gets which request, asked of a real nginx.
struct NginxRoutingTests {
  private static let workers = ["w1", "w2", "w3", "w4", "w5"]

  private func withNginx(_ body: (RunningNginx) throws -> Void) throws {
    let nginx = try RunningNginx(routes: DeploymentTests.routes, workers: Self.workers)
    defer { nginx.stop() }
    try body(nginx)
  }

  @Test func aUsersSyncsGoToOneWorkerFromAllDevices() throws {
    try withNginx { nginx in
      var used: Set<String> = []
      for user in 0..<20 {
        var own: Set<String> = []
        for device in 0..<3 {
          own.insert(
            try nginx.worker(
              "GET", "/_matrix/client/v3/sync?timeout=0", token: "syt_user\(user)_dev\(device)_crc")
          )
        }
        own.insert(
          try nginx.worker("GET", "/_matrix/client/r0/sync?access_token=syt_user\(user)_q_crc"))
        #expect(own.count == 1)
        used.formUnion(own)
      }
      #expect(used.count > 1)
    }
  }

  @Test func aRoomsSendsGoToOneWorkerFromAllUsers() throws {
    try withNginx { nginx in
      var used: Set<String> = []
      for room in 0..<20 {
        var own: Set<String> = []
        for name in ["!room\(room):x.org", "%21room\(room)%3Ax.org"] {
          for user in 0..<3 {
            own.insert(
              try nginx.worker(
                "PUT", "/_matrix/client/v3/rooms/\(name)/send/m.room.message/\(user)",
                token: "syt_user\(user)_x_crc"))
          }
        }
        #expect(own.count == 1)
        used.formUnion(own)
      }
      #expect(used.count > 1)
    }
  }

  @Test func oneServersTransactionsGoToOneWorker() throws {
    try withNginx { nginx in
      let used = try (0..<10).map { try nginx.worker("PUT", "/_matrix/federation/v1/send/\($0)") }
      #expect(Set(used).count == 1)
    }
  }

  @Test(arguments: [
    ("GET", "/_matrix/client/versions"), ("GET", "/_matrix/nothing"),
    ("GET", "/_matrix/client/v3/rooms/!a/send/m.x/1"), ("POST", "/_matrix/client/v3/sync"),
  ])
  func theRestGoesInTurn(method: String, path: String) throws {
    try withNginx { nginx in
      let used = try (0..<20).map { _ in try nginx.worker(method, path, token: "syt_a_b_c") }
      #expect(Set(used) == Set(Self.workers))
    }
  }
}
