import Postgres
import TestKit
import Testing

@testable import DeviceMessages

@Suite struct CleanupTests {
  /// Steps that are smaller than what there is to do.
  private static let limit: Int64 = 2

  @Test func messagesOfDeletedDevicesGo() async throws {
    try await withWorld { world in
      let ann = try await world.makeDevice("ann", "A")
      let devices = try await (0..<7).asyncMap { try await world.makeDevice("ben", "D\($0)") }
      for number in 0..<5 {
        try await world.send(
          [DeviceMessage(to: devices[0].userID, deviceID: nil, content: Array("{}".utf8))],
          from: ann, id: "t\(number)")
      }
      for device in [devices[0], devices[3], devices[6]] { try await world.remove(device) }
      #expect(try await walk(world) == DeviceMessageCleanup.Walk(place: nil, removed: 15))
      #expect(try await world.count("device_messages") == 20)
      for device in [devices[1], devices[5]] {
        #expect(try await world.first.waiting(for: device).count == 5)
      }
      #expect(try await walk(world) == DeviceMessageCleanup.Walk(place: nil, removed: 0))
    }
  }

  private func walk(_ world: World) async throws -> DeviceMessageCleanup.Walk {
    var walk = DeviceMessageCleanup.Walk()
    while walk.place != nil {
      let before = walk
      walk = try await world.database.transaction {
        try await DeviceMessageCleanup.removeOrphans(before, limit: Self.limit, on: $0)
      }
      #expect(walk.removed - before.removed <= Self.limit)
    }
    return walk
  }

  @Test func transactionsAreForgottenAfterADay() async throws {
    try await withWorld { world in
      let ann = try await world.makeDevice("ann", "A")
      for number in 0..<7 { try await world.send(number, from: ann, to: ann) }
      try await world.database.runScript(
        """
        UPDATE device_message_transactions SET done_at = now() - interval '25 hours'
        WHERE transaction_id <> 't3'
        """)
      for forgotten in [2, 2, 2, 0] {
        let count = try await DeviceMessageCleanup.forgetTransactions(
          limit: Self.limit, on: world.database)
        #expect(count == forgotten)
      }
      #expect(try await world.count("device_message_transactions") == 1)
      #expect(try await world.count("device_messages") == 7)
    }
  }
}
