import MatrixJSON
import Testing

/// Texts that take hours when anything is quadratic and a moment when nothing is.
@Suite("Cost of hostile texts", .timeLimit(.minutes(1)))
struct CostTests {
  private static let members = 60_000

  private func object(_ key: (Int) -> String) -> [UInt8] {
    Array(("{" + (0..<Self.members).map { "\"\(key($0))\":0" }.joined(separator: ",") + "}").utf8)
  }

  @Test func manyKeys() throws {
    let keys: [(Int) -> String] = [
      { "k\((($0 * 7919) % Self.members))" },
      { "\\u006b\((($0 * 7919) % Self.members))" },
      { "the same first bytes of every key \(Self.members - $0)" },
    ]
    for key in keys {
      let root = try JSONDocument(object(key), limits: .unique).root
      #expect(root.count == Self.members)
      let bytes = try canonicalJSON(root, dropping: ["absent", "k1"])
      #expect(try JSONDocument(bytes).root.isCanonical)
    }
  }

  @Test("Repeats of a key that is left out")
  func repeatedDroppedKey() throws {
    let root = try JSONDocument(object { $0 % 2 == 0 ? "unsigned" : "k\($0)" }).root
    let kept = try JSONDocument(canonicalJSON(root, dropping: ["unsigned"])).root
    #expect(kept.count == Self.members / 2)
    #expect(kept["unsigned"] == nil)
  }

  @Test func oneKeyOnly() throws {
    let bytes = object { _ in "k" }
    let root = try JSONDocument(bytes).root
    #expect(try text(canonicalJSON(root)) == "{\"k\":0}")
    #expect(failure(bytes, .unique) == .repeatedKey(offset: 7))
  }

  @Test func longScalars() throws {
    let length = 2_000_000
    let digits = [UInt8](repeating: UInt8(ascii: "9"), count: length)
    #expect(failure(digits) == .numberOutOfRange(offset: 0))
    #expect(failure(Array("0.".utf8) + digits) == nil)
    let escapes = quoted(Array(String(repeating: "\\u0041", count: length / 8).utf8))
    let view = try JSONDocument(escapes).root
    #expect(view.string?.utf8.count == length / 8)
    #expect(try canonicalJSON(view).count == length / 8 + 2)
    #expect(failure([UInt8](repeating: UInt8(ascii: " "), count: length)) == .unexpectedEnd)
  }

  @Test func manySiblings() throws {
    let bytes = Array(("[" + String(repeating: "[[]], ", count: Self.members) + "0]").utf8)
    let root = try JSONDocument(bytes).root
    #expect(root.count == Self.members + 1)
    #expect(root[Self.members]?.integer == 0)
    #expect(try canonicalJSON(root).count == bytes.count - Self.members)
  }
}
