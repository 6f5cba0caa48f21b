/// Blanks out comments and the text of string literals, so that rules see code only. What
/// stands in an interpolation is code and stays; line breaks stay.
struct SwiftMask {
  static func code(of text: String) -> String {
    var mask = SwiftMask(Array(text.utf8))
    mask.run()
    return String(decoding: mask.output, as: UTF8.self)
  }

  private struct Literal {
    let isMultiline: Bool
    /// Number of `#` around the quotes.
    let hashes: Int
  }

  private let input: [UInt8]
  private var output: [UInt8] = []
  private var position = 0
  /// Open string literals, each with the depth of parentheses of the interpolation that it is
  /// interrupted by; nil while its text is read.
  private var literals: [(literal: Literal, depth: Int?)] = []

  private init(_ input: [UInt8]) {
    self.input = input
    output.reserveCapacity(input.count)
  }

  private mutating func run() {
    while position < input.count {
      if let last = literals.last, last.depth == nil {
        readLiteral(last.literal)
      } else {
        readCode()
      }
    }
  }

  private func byte(_ offset: Int = 0) -> UInt8? {
    let index = position + offset
    return input.indices.contains(index) ? input[index] : nil
  }

  private func looksAt(_ text: StaticString, from offset: Int = 0) -> Bool {
    text.withUTF8Buffer { bytes in
      bytes.indices.allSatisfy { byte(offset + $0) == bytes[$0] }
    }
  }

  private mutating func keep(_ count: Int = 1) {
    output += input[position..<min(position + count, input.count)]
    position += count
  }

  private mutating func blank(_ count: Int = 1) {
    for byte in input[position..<min(position + count, input.count)] {
      output.append(byte == UInt8(ascii: "\n") ? byte : UInt8(ascii: " "))
    }
    position += count
  }

  private mutating func readCode() {
    if looksAt("//") {
      while let next = byte(), next != UInt8(ascii: "\n") { blank() }
    } else if looksAt("/*") {
      readBlockComment()
    } else if let literal = literalStart() {
      keep(literal.hashes + (literal.isMultiline ? 3 : 1))
      literals.append((literal, nil))
    } else {
      followInterpolation()
      keep()
    }
  }

  /// Counts the parentheses of an interpolation, to find where the literal goes on.
  private mutating func followInterpolation() {
    guard let depth = literals.last?.depth else { return }
    switch byte() {
    case UInt8(ascii: "("): literals[literals.count - 1].depth = depth + 1
    case UInt8(ascii: ")"): literals[literals.count - 1].depth = depth == 1 ? nil : depth - 1
    default: break
    }
  }

  private mutating func readBlockComment() {
    var depth = 0
    repeat {
      if looksAt("/*") {
        depth += 1
        blank(2)
      } else if looksAt("*/") {
        depth -= 1
        blank(2)
      } else {
        blank()
      }
    } while depth > 0 && position < input.count
  }

  private func literalStart() -> Literal? {
    var hashes = 0
    while byte(hashes) == UInt8(ascii: "#") { hashes += 1 }
    guard byte(hashes) == UInt8(ascii: "\"") else { return nil }
    return Literal(isMultiline: looksAt("\"\"\"", from: hashes), hashes: hashes)
  }

  private mutating func readLiteral(_ literal: Literal) {
    let quotes = literal.isMultiline ? 3 : 1
    if byte() == UInt8(ascii: "\\"), hasHashes(literal.hashes, from: 1) {
      let escape = 1 + literal.hashes
      if byte(escape) == UInt8(ascii: "(") {
        blank(escape)
        keep()
        literals[literals.count - 1].depth = 1
      } else {
        blank(escape + 1)
      }
    } else if literal.isMultiline ? looksAt("\"\"\"") : looksAt("\""),
      hasHashes(literal.hashes, from: quotes)
    {
      keep(quotes + literal.hashes)
      literals.removeLast()
    } else {
      blank()
    }
  }

  private func hasHashes(_ count: Int, from offset: Int) -> Bool {
    (0..<count).allSatisfy { byte(offset + $0) == UInt8(ascii: "#") }
  }
}
