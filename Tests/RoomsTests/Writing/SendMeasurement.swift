import Glibc
import MatrixJSON
import TestKit
import Testing

@testable import Rooms

/// What it costs to write events one by one. Set `APUS_MEASURE`.
@Suite(.serialized, .enabled(if: getenv("APUS_MEASURE") != nil))
struct SendMeasurement {
  @Test func thousandEvents() async throws {
    try await withWorld { world in
      let room = try await world.makeRoom()
      for round in 1...2 {
        try await time("1000 messages, round \(round)", world) { number in
          try await world.say("m\(number)", in: room, transaction: "t\(round)-\(number)")
        }
      }
      try await time("1000 changes of state", world) { number in
        try await world.set("m.room.topic", "", ["topic": .string("t\(number)")], in: room)
      }
    }
  }

  private func time(
    _ what: String, _ world: World, _ body: (Int) async throws -> Void
  ) async throws {
    try await body(0)
    let server = try await CPUClock.server(world.database)
    let before = (CPUClock.own.milliseconds, server.milliseconds)
    for number in 1...1000 { try await body(number) }
    print(
      what, CPUClock.own.milliseconds - before.0, "ms here,", server.milliseconds - before.1,
      "in Postgres")
  }
}
