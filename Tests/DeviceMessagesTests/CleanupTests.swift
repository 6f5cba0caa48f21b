import Postgres
import TestKit
import Testing

@testable import DeviceMessages

@Suite struct CleanupTests {
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
      // Steps that are smaller than what there is to do.
      let cleanup = DeviceMessageCleanup(
        database: world.database, logger: TestPostgres.logger, pause: .zero)
      try await cleanup.clean(size: 2)
      #expect(try await world.count("device_messages") == 20)
      for device in [devices[1], devices[5]] {
        #expect(try await world.first.waiting(for: device).count == 5)
      }
      try await cleanup.clean()
      #expect(try await world.count("device_messages") == 20)
    }
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
      let cleanup = DeviceMessageCleanup(
        database: world.database, logger: TestPostgres.logger, pause: .zero)
      try await cleanup.clean(size: 2)
      #expect(try await world.count("device_message_transactions") == 1)
      #expect(try await world.count("device_messages") == 7)
    }
  }
}
