import MatrixIdentifiers
import Postgres
import Streams
import TestKit
import Testing

@testable import DeviceMessages

@Suite struct SendToDeviceTests {
  private func message(_ device: DeviceAddress, _ number: Int) -> DeviceMessage {
    DeviceMessage(
      to: device.userID, deviceID: device.deviceID, content: Array("{\"n\":\(number)}".utf8))
  }

  @Test func eachDeviceGetsWhatIsMeantForIt() async throws {
    try await withWorld { world in
      let ann = try await world.makeDevice("ann", "A")
      let (one, two) = (
        try await world.makeDevice("ben", "ONE"), try await world.makeDevice("ben", "TWO")
      )
      let unknown = DeviceAddress(userID: one.userID, deviceID: "NONE")
      let nobody = try World.device("nobody", "X")
      try await world.send(
        [message(one, 1), message(two, 2), message(unknown, 3), message(nobody, 4)], from: ann,
        id: "t")
      try await world.settled()
      for process in [world.first, world.second] {
        #expect(try await process.waiting(for: one) == [event(1, from: ann)])
        #expect(try await process.waiting(for: two) == [event(2, from: ann)])
        #expect(try await process.waiting(for: ann) == [])
        #expect(try await process.waiting(for: unknown) == [])
      }
      #expect(try await world.count("device_messages") == 2)
    }
  }

  /// What names a device goes before what is for all; no device gets both.
  @Test func allDevicesOfAUser() async throws {
    try await withWorld { world in
      let ann = try await world.makeDevice("ann", "A")
      let (one, two) = (
        try await world.makeDevice("ben", "ONE"), try await world.makeDevice("ben", "TWO")
      )
      try await world.send(
        [
          DeviceMessage(to: one.userID, deviceID: nil, content: Array("{\"n\":1}".utf8)),
          message(two, 2),
        ], from: ann, id: "t")
      try await world.settled()
      #expect(try await world.first.waiting(for: one) == [event(1, from: ann)])
      #expect(try await world.first.waiting(for: two) == [event(2, from: ann)])
    }
  }

  @Test func aRequestIsCarriedOutOnceHoweverOftenAndWhereverItComes() async throws {
    try await withWorld { world in
      let senders = [
        try await world.makeDevice("ann", "A"), try await world.makeDevice("ann", "B"),
        try await world.makeDevice("cid", "A"),
      ]
      let ben = try await world.makeDevice("ben", "ONE")
      try await withThrowingTaskGroup(of: Void.self) { group in
        for sender in senders {
          for type in ["m.one", "m.two"] {
            for _ in 0..<10 {
              group.addTask {
                try await world.send([message(ben, 1)], from: sender, id: "t", type: type)
              }
            }
          }
        }
        try await group.waitForAll()
      }
      try await world.settled()
      let expected = senders.flatMap { sender in
        ["m.one", "m.two"].map { event(1, from: sender, type: $0) }
      }
      #expect(try await world.first.waiting(for: ben).sorted() == expected.sorted())
      #expect(try await world.count("device_message_transactions") == 6)
    }
  }

  /// One of the two writers does the whole, whoever the receivers are.
  @Test func aRequestToUsersOfBothWritersIsDoneOnceForEach() async throws {
    try await withWorld { world in
      let ann = try await world.makeDevice("ann", "A")
      let receivers = try await (0..<8).asyncMap { try await world.makeDevice("user\($0)", "D") }
      let shards = try #require(ShardMap(writers: ["first", "second"]))
      #expect(Set(receivers.map { shards.writer(of: $0.userID.text) }).count == 2)
      for _ in 0..<2 {
        try await world.send(receivers.map { message($0, 1) }, from: ann, id: "t")
      }
      try await world.settled()
      for receiver in receivers {
        #expect(try await world.second.waiting(for: receiver) == [event(1, from: ann)])
      }
    }
  }

  @Test func whatOneSenderSendsKeepsItsOrder() async throws {
    try await withWorld { world in
      let ann = try await world.makeDevice("ann", "A")
      let ben = try await world.makeDevice("ben", "B")
      for number in 0..<40 { try await world.send(number, from: ann, to: ben) }
      try await world.settled()
      #expect(
        try await world.second.waiting(for: ben) == (0..<40).map { event($0, from: ann) })
    }
  }

  /// A new device with the name of a deleted one: other messages, and transactions of its own.
  @Test func aDeviceThatTakesADeletedOnesNameStartsAnew() async throws {
    try await withWorld { world in
      let ann = try await world.makeDevice("ann", "A")
      let ben = try await world.makeDevice("ben", "B")
      try await world.send(1, from: ann, to: ben)
      for device in [ann, ben] { try await world.remove(device) }
      try await world.makeDevice("ann", "A")
      try await world.makeDevice("ben", "B")
      try await world.settled()
      #expect(try await world.first.waiting(for: ben) == [])
      try await world.send(1, from: ann, to: ben)
      try await world.settled()
      #expect(try await world.first.waiting(for: ben) == [event(1, from: ann)])
    }
  }

  @Test func usersOfOtherServersAreNotOurs() async throws {
    try await withWorld { world in
      let ann = try await world.makeDevice("ann", "A")
      let far = try #require(UserID("@far:b.example"))
      try await world.send(
        [DeviceMessage(to: far, deviceID: nil, content: Array("{}".utf8))], from: ann, id: "t")
      #expect(try await world.count("device_message_transactions") == 0)
    }
  }

  @Test(arguments: [
    (
      "m.test", String(repeating: "x", count: 256), 2, 1,
      DeviceMessageError.tooLong(field: "txnId", limit: 255)
    ),
    (String(repeating: "x", count: 256), "t", 2, 1, .tooLong(field: "eventType", limit: 255)),
    ("m.test", "t\0", 2, 1, .unusableText(field: "txnId")),
    ("m.\0", "t", 2, 1, .unusableText(field: "eventType")),
    ("m.test", "t", (64 << 10) + 1, 1, .contentTooLarge(limit: 64 << 10)),
    ("m.test", "t", 2, 10_001, .tooManyMessages(limit: 10_000)),
  ])
  func boundsAreKept(
    type: String, id: String, bytes: Int, messages: Int, error: DeviceMessageError
  ) async throws {
    let ann = try World.device("ann", "A")
    let content = [UInt8](repeating: UInt8(ascii: " "), count: bytes - 2) + Array("{}".utf8)
    let send = SendToDevice(
      owner: LocalOwner(), serverName: try #require(ServerName(World.server)))
    await #expect(throws: error) {
      try await send(
        DeviceMessageTransaction(
          sender: ann.userID, deviceID: ann.deviceID, type: type, id: id,
          messages: Array(
            repeating: DeviceMessage(to: ann.userID, deviceID: "A", content: content),
            count: messages)))
    }
  }
}

extension Sequence {
  func asyncMap<Value>(_ transform: (Element) async throws -> Value) async rethrows -> [Value] {
    var values: [Value] = []
    for element in self { values.append(try await transform(element)) }
    return values
  }
}
