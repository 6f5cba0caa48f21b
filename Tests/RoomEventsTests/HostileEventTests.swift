import MatrixJSON
import RoomEvents
import TestKit
import Testing

/// Whatever another server sends is either refused or an event in canonical form.
@Suite struct HostileEventTests {
  private static let strangeValues: [JSON] = [
    .null, true, 0, -1, 1.5, "", "@", "@a:b", "!a:b", "$a", "\u{0}", [], [1], ["$a"], [[]], [:],
    ["a": 1], ["membership": []], .integer(9_007_199_254_740_991), .integer(.max),
    .integer(.min), 1e300, [["$a", ["sha256": "x"]]], [["$a:b", [:]]],
    .string(String(repeating: "x", count: 300)),
  ]

  private func check(_ bytes: [UInt8], _ version: RoomVersion) throws {
    guard let event = try? Event(bytes: bytes, version: version) else { return }
    #expect(try canonicalJSON(event.json, numbers: .all) == event.bytes)
    if version.rules.jsonIsStrict { #expect(try canonicalJSON(event.json) == event.bytes) }
    #expect(try Event(bytes: event.bytes, version: version).eventID == event.eventID)
    let redacted = try Event(bytes: redactedBytes(of: event), version: version)
    #expect(redacted.eventID == event.eventID)
    #expect(event.authEventKeys.count <= EventLimits.authEvents)
  }

  @Test(arguments: RoomVersion.all) func strangeValuesOfKeys(version: RoomVersion) throws {
    var random = SeededRandom(12)
    let types = [
      EventType.member, EventType.create, EventType.powerLevels, EventType.redaction, "x",
    ]
    for type in types {
      let event = JSON(try Samples.event(version, type: type, stateKey: "@alice:domain").json)
      for key in (event.object ?? [:]).keys.sorted() {
        for value in Self.strangeValues {
          var changed = event
          changed[key] = value
          if let other = changed.object?.keys.sorted().randomElement(using: &random),
            Bool.random(using: &random)
          {
            changed[other] = Self.strangeValues.randomElement(using: &random)
          }
          try check(changed.bytes, version)
        }
      }
    }
  }

  @Test(arguments: RoomVersion.all) func changedBytes(version: RoomVersion) throws {
    var random = SeededRandom(34)
    let original = try Samples.event(version, stateKey: "é").bytes
    for _ in 0..<2000 {
      var bytes = original
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        bytes[place] = UInt8.random(in: .min ... .max, using: &random)
      }
      try check(bytes, version)
    }
  }
}
