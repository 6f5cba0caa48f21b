import MatrixJSON
import TestKit
import Testing

/// Texts made to be as slow as can be, at one size and at eight times that: what is linear takes
/// eight times as long, what is quadratic 64 times.
@Suite("Growth of the cost of hostile texts", .serialized)
struct GrowthTests {
  private static let factor = 8
  /// Sorting and noise are let pass.
  private static let allowedRatio = 3.0 * Double(factor)

  struct Shape: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let text: @Sendable (Int) -> [UInt8]

    init(_ name: String, _ text: @escaping @Sendable (Int) -> String) {
      testDescription = name
      self.text = { Array(text($0).utf8) }
    }

    static func object(
      _ name: String, _ key: @escaping @Sendable (Int, Int) -> String
    ) -> Shape {
      Shape(name) { size in
        "{" + (0..<size).map { "\"\(key($0, size))\":0" }.joined(separator: ",") + "}"
      }
    }
  }

  static let shapes = [
    Shape.object("keys downwards") { number, size in "\(10 * size - number)" },
    Shape.object("keys that differ at the end") { number, size in
      String(repeating: "k", count: 60) + "\((number * 7919) % size)"
    },
    Shape.object("keys with escapes") { number, size in "\\u006b\((number * 7919) % size)" },
    Shape.object("one key") { _, _ in "key" },
    Shape.object("one key with escapes") { _, _ in "\\u006bey" },
    Shape.object("two keys by turns") { number, _ in number % 2 == 0 ? "unsigned" : "\\u0061" },
    Shape("objects in objects, the keys out of order") { size in
      let depth = 90
      let one =
        String(repeating: "{\"b\":1,\"a\":", count: depth) + "0"
        + String(repeating: "}", count: depth)
      return "[" + Array(repeating: one, count: size / depth + 1).joined(separator: ",") + "]"
    },
    Shape("small objects with sixteen keys") { size in
      let keys = (0..<16).reversed().map { "\"k\(10 + $0)\":0" }.joined(separator: ",")
      return "[" + Array(repeating: "{\(keys)}", count: size / 16 + 1).joined(separator: ",") + "]"
    },
    Shape("empty arrays") { size in "[" + String(repeating: "[ ],", count: size) + "0]" },
    Shape("a string of escapes") { size in
      "[\"" + String(repeating: "\\ud83d\\ude00\\n", count: size) + "\"]"
    },
    Shape("a string beyond ASCII") { size in "[\"" + String(repeating: "a日😀", count: size) + "\"]"
    },
    Shape("a long fraction") { size in "[0." + String(repeating: "12", count: size) + "]" },
    Shape("a long exponent") { size in "[0e" + String(repeating: "12", count: size) + "]" },
    Shape("zeros before an exponent") { size in
      "[1" + String(repeating: "0", count: min(size, 300)) + "."
        + String(repeating: "0", count: size)
        + "e-" + String(repeating: "0", count: size) + "1]"
    },
    Shape("space") { size in "[" + String(repeating: "\n ", count: size) + "]" },
    Shape("many numbers") { size in
      "[" + (0..<size).map { "\($0).5e1,-0" }.joined(separator: ",") + "]"
    },
  ]

  /// All that the server does with a text of others.
  private func use(_ bytes: [UInt8]) {
    _ = try? JSONDocument(bytes, limits: .unique)
    guard let root = try? JSONDocument(bytes).root else { return }
    for numbers in [CanonicalNumbers.plainIntegers, .integers, .all] {
      _ = try? canonicalJSON(root, dropping: ["unsigned", "a", "absent"], numbers: numbers)
    }
    _ = root["absent"]
    _ = root["unsigned"]?.string
    _ = JSON(root).bytes
    for (key, value) in root.members { _ = (key.utf8.count, value.string) }
    for element in root.elements { _ = (element.string, element.double, element.stringEquals("x")) }
  }

  @Test(arguments: shapes)
  func growsWithTheText(_ shape: Shape) {
    let size = 250
    let small = shape.text(size)
    let large = shape.text(size * Self.factor)
    let ratio = CPUTime.best { use(large) } / CPUTime.best { use(small) }
    let length = Double(large.count) / Double(small.count)
    #expect(ratio < Self.allowedRatio * max(1, length / Double(Self.factor)))
  }
}
