import Glibc
import MatrixIdentifiers
import MatrixJSON
import Rooms
import TestKit
import Testing

@testable import Sync

/// What the first answer to an account in many rooms costs a worker that has them in memory. Set
/// `APUS_MEASURE`, and build for release to get times that mean something.
@Suite(.serialized, .enabled(if: getenv("APUS_MEASURE") != nil))
struct SyncMeasurement {
  private static let rooms = 200
  private static let members = 20
  private static let runs = 20

  @Test(arguments: [false, true])
  func firstAnswers(_ isLazy: Bool) async throws {
    try await withWorld { world in
      for _ in 0..<Self.rooms {
        let room = try await world.makeRoom()
        for number in 0..<Self.members {
          try await world.member("@u\(number):a.example", "join", in: room)
        }
        try await world.say(1...20, in: room)
      }
      let filter = try SyncFilter(limit: 20, lazy: isLazy)
      var size = 0
      let user = try world.user(World.alice)
      let request = SyncRequest(
        userID: user, deviceID: "D", since: nil, timeout: .zero, fullState: false, filter: filter)
      size = try await world.main.engine.sync(request).count
      let start = processNanoseconds()
      for _ in 0..<Self.runs { size = try await world.main.engine.sync(request).count }
      let spent = (processNanoseconds() - start) / Double(Self.runs) / 1e6
      print("\(Self.rooms) rooms, lazy \(isLazy): \(spent) ms of CPU for \(size) bytes")
    }
  }

  private func processNanoseconds() -> Double {
    var now = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now)
    return Double(now.tv_sec) * 1e9 + Double(now.tv_nsec)
  }
}
