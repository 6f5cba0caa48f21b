import MatrixJSON
import TestKit
import Testing

/// Makes texts that are JSON in many spellings.
private struct TextGenerator {
  var random: SeededRandom

  mutating func pick<T>(_ choices: [T]) -> T {
    choices[Int.random(in: 0..<choices.count, using: &random)]
  }

  mutating func space() -> String {
    Int.random(in: 0..<4, using: &random) == 0 ? pick([" ", "\n", "\t", "\r", "  \n"]) : ""
  }

  mutating func value(_ depth: Int) -> String {
    switch Int.random(in: 0..<(depth > 0 ? 8 : 5), using: &random) {
    case 0: return pick(["null", "true", "false"])
    case 1, 2: return number()
    case 3, 4: return string()
    case 5:
      let elements = (0..<Int.random(in: 0..<5, using: &random)).map { _ in
        space() + value(depth - 1) + space()
      }
      return "[" + (elements.isEmpty ? space() : elements.joined(separator: ",")) + "]"
    default:
      let members = (0..<Int.random(in: 0..<22, using: &random)).map { _ in
        space() + string() + space() + ":" + space() + value(depth - 1) + space()
      }
      return "{" + (members.isEmpty ? space() : members.joined(separator: ",")) + "}"
    }
  }

  mutating func number() -> String {
    switch Int.random(in: 0..<30, using: &random) {
    case 0: pick(["1.5", "1e3", "9007199254740992", "-0.0", "1e-400", "12345678901234567890"])
    case 1: pick(["-0", "0", "9007199254740991", "-9007199254740991"])
    default: "\(Int.random(in: -1000...1_000_000, using: &random))"
    }
  }

  mutating func string() -> String {
    let pieces = (0..<Int.random(in: 0..<6, using: &random)).map { _ in
      pick([
        "a", "b", "Z", "m.room.message", "é", "e\u{301}", "日本語", "😀", "\u{FFFD}", "\\n", "\\/",
        "\\\"", "\\u0000", "\\u001F", "\\u001f", "\\u0061", "\\u00e9", "\\ud83d\\ude00",
        "long enough for two groups of eight", "/", "\u{7F}",
      ])
    }
    return "\"" + pieces.joined() + "\""
  }
}

@Suite("Random texts")
struct RandomTests {
  /// Compares what parser and canonicaliser say to the reference.
  private func check(_ bytes: [UInt8], _ label: Comment) throws {
    let reference = Reference.parse(bytes)
    #expect((failure(bytes) == nil) == (reference != nil), label)
    guard let reference, failure(bytes) == nil else { return }
    let root = try JSONDocument(bytes).root
    #expect((failure(bytes, .unique) == nil) == !reference.hasRepeatedKeys, label)
    walk(root, label)
    let expected = reference.canonical
    #expect((try? canonicalJSON(root, numbers: .plainIntegers)).map(text) == expected, label)
    guard let expected else { return }
    #expect(root.isCanonical == (text(root.rawBytes) == expected), label)
    let again = try parse(expected)
    #expect(try text(canonicalJSON(again)) == expected, label)
    #expect(again.isCanonical, label)
  }

  /// Uses every accessor on every value.
  private func walk(_ view: JSONView, _ label: Comment) {
    _ = (view.bool, view.integer, JSON(view).bytes)
    if view.kind == .number { #expect(view.double?.isFinite == true, label) }
    if let string = view.string { #expect(view.stringEquals(string), label) }
    #expect(view.count == Array(view.elements).count + Array(view.members).count, label)
    for (place, element) in view.elements.enumerated() {
      #expect(view[place]?.rawBytes == element.rawBytes, label)
      walk(element, label)
    }
    let members = Array(view.members)
    for (place, member) in members.enumerated() {
      let last = members.lastIndex { Array($0.key.utf8) == Array(member.key.utf8) }
      if last == place { #expect(view[member.key]?.rawBytes == member.value.rawBytes, label) }
      walk(member.value, label)
    }
  }

  @Test(arguments: 0..<8)
  func everySpelling(seed: UInt64) throws {
    var generator = TextGenerator(random: SeededRandom(seed))
    for round in 0..<60 {
      let source = generator.space() + generator.value(3) + generator.space()
      try check(Array(source.utf8), "seed \(seed), round \(round)")
    }
  }

  @Test("Damaged texts are accepted or refused just as by the reference", arguments: 100..<108)
  func mutations(seed: UInt64) throws {
    var generator = TextGenerator(random: SeededRandom(seed))
    var random = SeededRandom(~seed)
    let telling =
      Array("{}[]\",:\\u-+.eE09 \n\0\u{1F}/dD8tfn".utf8) + [0x80, 0xC0, 0xED, 0xF4, 0xFF]
    for round in 0..<250 {
      var bytes = Array(generator.value(2).utf8)
      for _ in 0..<Int.random(in: 1...3, using: &random) where !bytes.isEmpty {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        let byte = telling.randomElement(using: &random) ?? 0
        switch Int.random(in: 0..<6, using: &random) {
        case 0: bytes.remove(at: place)
        case 1: bytes.insert(byte, at: place)
        case 2: bytes[place] = byte
        case 3: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 4: bytes.removeSubrange(place...)
        default:
          let other = Int.random(in: 0..<bytes.count, using: &random)
          bytes.insert(contentsOf: Array(bytes[min(place, other)..<max(place, other)]), at: place)
        }
      }
      try check(bytes, "seed \(seed), round \(round)")
    }
  }

  @Test("Noise never crashes", arguments: 200..<204)
  func noise(seed: UInt64) throws {
    var random = SeededRandom(seed)
    for round in 0..<500 {
      let bytes = (0..<Int.random(in: 0..<40, using: &random)).map { _ in
        UInt8.random(in: 0...255, using: &random)
      }
      try check(bytes, "seed \(seed), round \(round)")
      try check(quoted(bytes), "seed \(seed), round \(round)")
    }
  }
}
