import MatrixJSON
import RoomEvents
import TestKit
import Testing

/// Events made to be slow to read, at one size and at eight times that. What is linear takes eight
/// times as long, what is quadratic 64 times.
@Suite("Growth of the cost of hostile events", .serialized)
struct EventCostTests {
  private static let factor = 8
  private static let smallSize = 400
  /// Sorting and noise are let pass.
  private static let allowedRatio = 3.0 * Double(factor)

  struct Shape: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let key: String
    let value: @Sendable (Int) -> String

    init(_ name: String, _ key: String, _ value: @escaping @Sendable (Int) -> String) {
      testDescription = name
      self.key = key
      self.value = value
    }

    static func object(_ size: Int, _ member: (Int) -> String) -> String {
      "{" + (0..<size).reversed().map(member).joined(separator: ",") + "}"
    }
  }

  static let shapes = [
    Shape("signatures of many servers", "signatures") { size in
      Shape.object(size) { "\"s\($0)\":{\"ed25519:1\":\"x\"}" }
    },
    Shape("many previous events", "prev_events") { size in
      "[" + Array(repeating: "\"$a\"", count: size).joined(separator: ",") + "]"
    },
    Shape("many hashes", "hashes") { size in Shape.object(size) { "\"sha\($0)\":\"x\"" } },
    Shape("many keys in the content", "content") { size in
      Shape.object(size) { "\"membership\($0)\":1" }
    },
    Shape("keys with escapes in the content", "content") { size in
      Shape.object(size) { "\"\\u006dembership\($0)\":1" }
    },
    Shape("unsigned data", "unsigned") { size in Shape.object(size) { "\"k\($0)\":[[],{}]" } },
    Shape("many top-level keys", "x\":0,\"y") { size in
      (0..<size).reversed().map { "1,\"\\u0073ender\($0)\":0" }.joined(separator: ",\"y\":")
    },
    Shape("a long state key", "state_key") { size in
      "\"" + String(repeating: "\\u0061", count: size) + "\""
    },
    Shape("redacted keys", "content") { size in
      "{\"third_party_invite\":" + Shape.object(size) { "\"signed\($0)\":1" } + "}"
    },
  ]

  private func event(
    _ version: RoomVersion, _ shape: Shape, _ size: Int
  ) throws -> [UInt8] {
    var json = JSON(try Samples.event(version, type: EventType.member, stateKey: "k").json)
    json[shape.key] = nil
    let value = shape.value(size)
    return Array("{\"\(shape.key)\":\(value),".utf8) + json.bytes.dropFirst()
  }

  private func use(_ bytes: [UInt8], _ version: RoomVersion) {
    guard let event = try? Event(bytes: bytes, version: version) else { return }
    _ = EventHashes.contentHashMatches(event)
    _ = redactedBytes(of: event)
    _ = (requiredSigners(of: event), event.authEventKeys, event.prevEvents)
  }

  @Test(arguments: shapes, [RoomVersion.v1, .v11])
  func growsWithTheEvent(_ shape: Shape, _ version: RoomVersion) throws {
    let small = try event(version, shape, Self.smallSize)
    let large = try event(version, shape, Self.smallSize * Self.factor)
    let ratio = CPUTime.best { use(large, version) } / CPUTime.best { use(small, version) }
    #expect(ratio < Self.allowedRatio)
  }
}
