import MatrixIdentifiers
import MatrixJSON
import Postgres
import Streams
import Testing

@testable import DeviceMessages

@Suite struct ChangedDevicesTests {
  private let one = WriterID(raw: 1)
  private let two = WriterID(raw: 2)

  private func batch(
    _ writer: WriterID, _ position: Int64, _ devices: [DeviceAddress]
  ) -> StreamBatch<DeviceMessageRow> {
    StreamBatch(
      writer: writer, previous: position - 1, position: position,
      rows: [StreamRow(position: position, row: DeviceMessageRow(devices: devices))])
  }

  private func token(_ minimum: Int64, _ positions: [WriterID: Int64] = [:]) -> VectorToken {
    VectorToken(minimum: minimum, positions: positions)
  }

  @Test func onlyWhoGotSomethingAfterTheTokenMayHaveMessages() throws {
    let (ann, ben) = (try World.device("ann", "A"), try World.device("ben", "B"))
    var changed = ChangedDevices(start: token(10), limit: 10)
    changed.add(batch(one, 12, [ann]))
    #expect(changed.mayHaveMessages(ann, since: token(11)))
    #expect(!changed.mayHaveMessages(ann, since: token(12)))
    #expect(!changed.mayHaveMessages(ann, since: token(10, [one: 12])))
    #expect(changed.mayHaveMessages(ann, since: token(10, [two: 12])))
    #expect(!changed.mayHaveMessages(ben, since: token(10)))
    #expect(changed.mayHaveMessages(ben, since: token(9)), "from before this worker's time")
  }

  @Test func whatIsForgottenIsNotDenied() throws {
    let devices = try (0..<5).map { try World.device("user\($0)", "D") }
    var changed = ChangedDevices(start: token(0), limit: 3)
    for (index, device) in devices.enumerated() {
      changed.add(batch(index % 2 == 0 ? one : two, Int64(index + 1), [device]))
    }
    // The rows at 1 and 2 are gone.
    #expect(changed.mayHaveMessages(devices[0], since: token(0)))
    #expect(changed.mayHaveMessages(devices[4], since: token(0, [one: 1])))
    #expect(!changed.mayHaveMessages(devices[0], since: token(0, [one: 1, two: 2])))
    #expect(changed.mayHaveMessages(devices[3], since: token(0, [one: 1, two: 2])))
    #expect(!changed.mayHaveMessages(devices[1], since: token(2)))
  }

  @Test func aDeviceThatIsForgottenOnceIsKnownByItsNextMessage() throws {
    let (ann, ben) = (try World.device("ann", "A"), try World.device("ben", "B"))
    var changed = ChangedDevices(start: token(0), limit: 2)
    for position in 1...3 { changed.add(batch(one, Int64(position), [ann])) }
    changed.add(batch(one, 4, [ben]))
    #expect(changed.mayHaveMessages(ann, since: token(2)))
    #expect(!changed.mayHaveMessages(ann, since: token(3)))
  }
}

@Suite struct EmptiedInboxesTests {
  @Test func theFurthestTokenIsKeptAndTheOldestDeviceForgotten() throws {
    let devices = try (0..<3).map { try World.device("user\($0)", "D") }
    var emptied = EmptiedInboxes(limit: 2)
    emptied.note(devices[0], upTo: VectorToken(minimum: 5))
    emptied.note(devices[0], upTo: VectorToken(minimum: 4))
    #expect(emptied[devices[0]] == VectorToken(minimum: 5))
    emptied.note(devices[0], upTo: VectorToken(minimum: 6))
    #expect(emptied[devices[0]] == VectorToken(minimum: 6))
    emptied.note(devices[1], upTo: VectorToken(minimum: 1))
    emptied.note(devices[2], upTo: VectorToken(minimum: 1))
    #expect(emptied[devices[0]] == nil)
    #expect(emptied[devices[1]] != nil && emptied[devices[2]] != nil)
  }
}

@Suite struct DeliveryPlanTests {
  private func known(_ device: DeviceAddress, _ inbox: Int64) -> KnownDevice {
    KnownDevice(address: device, inbox: inbox)
  }

  private func transaction(_ messages: [DeviceMessage]) throws -> DeviceMessageTransaction {
    DeviceMessageTransaction(
      sender: try World.device("ann", "A").userID, deviceID: "A", type: "m.test", id: "t",
      messages: messages)
  }

  /// Two ids that Swift's strings would call the same.
  @Test func devicesAreToldApartByTheirBytes() throws {
    let (one, two) = (
      try World.device("ben", "caf\u{e9}"), try World.device("ben", "cafe\u{301}")
    )
    let plan = try DeliveryPlan(
      try transaction([
        DeviceMessage(to: one.userID, deviceID: one.deviceID, content: Array("{}".utf8))
      ]), to: [known(one, 1), known(two, 2)])
    #expect(plan.inboxes == [1])
  }

  @Test func aRequestThatWouldReachTooMuchIsRefused() throws {
    let user = try World.device("ben", "").userID
    let content = Array("{\"x\":\"\(String(repeating: "x", count: 60_000))\"}".utf8)
    let messages = try transaction([DeviceMessage(to: user, deviceID: nil, content: content)])
    let devices = (1...600).map {
      known(DeviceAddress(userID: user, deviceID: "D\($0)"), Int64($0))
    }
    #expect(try DeliveryPlan(messages, to: Array(devices.prefix(500))).inboxes.count == 500)
    #expect(throws: OwnerError.self) { try DeliveryPlan(messages, to: devices) }
  }
}

@Suite struct CodecTests {
  @Test func rowsComeBackAsTheyWere() throws {
    let row = DeviceMessageRow(devices: [
      try World.device("ann", "A"), try World.device("ann", "\"B\""), try World.device("ben", ""),
    ])
    #expect(try DeviceMessageRow(try JSONDocument(row.encoded).root) == row)
    let empty = DeviceMessageRow(devices: [])
    #expect(try DeviceMessageRow(try JSONDocument(empty.encoded).root) == empty)
  }

  @Test func transactionsComeBackAsTheyWere() throws {
    let ann = try World.device("ann", "A")
    for device in [nil, "A"] {
      let transaction = DeviceMessageTransaction(
        sender: ann.userID, deviceID: device, type: "m.\u{1F600}", id: "t \"1\"",
        messages: [
          DeviceMessage(to: ann.userID, deviceID: nil, content: Array("{ \"a\" : 1 }".utf8)),
          DeviceMessage(to: ann.userID, deviceID: "*", content: Array("{}".utf8)),
        ])
      #expect(
        try DeviceMessageTransaction(try JSONDocument(transaction.encoded).root) == transaction)
    }
  }

  @Test(arguments: [
    "[]", "{}", #"{"@a:b":1}"#, #"{"nobody":[]}"#, #"{"@a:b":[1]}"#,
  ])
  func whatIsNoRowIsRefused(_ text: String) throws {
    let root = try JSONDocument(Array(text.utf8)).root
    if root.kind == .object, root.count == 0 {
      #expect(try DeviceMessageRow(root).devices.isEmpty)
    } else if root.kind == .object {
      #expect(throws: (any Error).self) { try DeviceMessageRow(root) }
    }
  }

  @Test func migrationsAreNumberedInTheirRange() {
    #expect(DeviceMessagesSchema.migrations.allSatisfy { (800..<850).contains($0.number) })
  }
}
