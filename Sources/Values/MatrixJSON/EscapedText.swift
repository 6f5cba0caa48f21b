/// The escapes of JSON strings, both ways.
enum EscapedText {
  /// Backslash, `u`, four digits.
  static let unicodeEscapeBytes = 6

  /// Of the bytes that must be escaped: the letter after the backslash, when there is one.
  static func shortEscape(of byte: UInt8) -> UInt8? {
    switch byte {
    case 0x08: UInt8(ascii: "b")
    case 0x09: UInt8(ascii: "t")
    case 0x0A: UInt8(ascii: "n")
    case 0x0C: UInt8(ascii: "f")
    case 0x0D: UInt8(ascii: "r")
    case UInt8(ascii: "\""), UInt8(ascii: "\\"): byte
    default: nil
    }
  }

  /// - Parameter value: below 16.
  static func hexDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") - 10 + value
  }

  /// The value of four hexadecimal digits, nil when one of them is none.
  ///
  /// - Parameter start: at least four bytes before the end of the text.
  static func hexUnit(_ text: UnsafeBufferPointer<UInt8>, at start: Int) -> UInt32? {
    var unit: UInt32 = 0
    for byte in text[start..<start + 4] {
      let digit: UInt8
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
      case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
      default: return nil
      }
      unit = unit << 4 | UInt32(digit)
    }
    return unit
  }

  /// Adds the text with the shortest escapes, without quotation marks.
  ///
  /// spec: appendices#canonical-json
  static func escape(_ text: UnsafeBufferPointer<UInt8>, into output: inout [UInt8]) {
    guard let base = text.baseAddress else { return }
    var start = 0
    while true {
      let stop = endOfUnescaped(base, from: start, to: text.count)
      output.append(contentsOf: UnsafeBufferPointer(start: base + start, count: stop - start))
      guard stop < text.count else { return }
      let byte = text[stop]
      output.append(UInt8(ascii: "\\"))
      if let letter = shortEscape(of: byte) {
        output.append(letter)
      } else {
        output.append(contentsOf: [UInt8(ascii: "u"), UInt8(ascii: "0"), UInt8(ascii: "0")])
        output.append(hexDigit(byte >> 4))
        output.append(hexDigit(byte & 0xF))
      }
      start = stop + 1
    }
  }

  static func unescaped(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8] {
    var output: [UInt8] = []
    output.reserveCapacity(text.count)
    unescape(text, into: &output)
    return output
  }

  /// Adds what the escaped text stands for.
  ///
  /// - Parameter text: between the quotation marks; checked by the parser.
  static func unescape(_ text: UnsafeBufferPointer<UInt8>, into output: inout [UInt8]) {
    forEachPiece(of: text) { piece in
      output.append(contentsOf: piece)
      return true
    }
  }

  /// Whether the escaped text stands for these bytes; makes no array, as a hostile object can have
  /// a great many keys with escapes to be compared with.
  static func isEqual(
    _ text: UnsafeBufferPointer<UInt8>, _ other: UnsafeBufferPointer<UInt8>
  ) -> Bool {
    var compared = 0
    let isPrefix = forEachPiece(of: text) { piece in
      let end = compared + piece.count
      guard end <= other.count else { return false }
      defer { compared = end }
      return textOrder(piece, UnsafeBufferPointer(rebasing: other[compared..<end])) == 0
    }
    return isPrefix && compared == other.count
  }

  /// Gives what the text stands for piece by piece, until the body has had enough.
  ///
  /// - Returns: false when the body returned false.
  @discardableResult
  private static func forEachPiece(
    of text: UnsafeBufferPointer<UInt8>, _ body: (UnsafeBufferPointer<UInt8>) -> Bool
  ) -> Bool {
    var position = 0
    while position < text.count {
      let rest = text[position...]
      let backslash = rest.firstIndex(of: UInt8(ascii: "\\")) ?? rest.endIndex
      let plain = UnsafeBufferPointer(rebasing: text[position..<backslash])
      if !plain.isEmpty, !body(plain) { return false }
      guard backslash + 1 < text.count else { return true }
      let (scalar, end) = escapedScalar(text, at: backslash)
      position = end
      guard with(scalar, body) else { return false }
    }
    return true
  }

  private static func with(
    _ scalar: UInt32, _ body: (UnsafeBufferPointer<UInt8>) -> Bool
  ) -> Bool {
    let encoded =
      Unicode.Scalar(scalar).flatMap { UTF8.encode($0) } ?? UTF8.encodedReplacementCharacter
    return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: encoded.count) { buffer in
      _ = buffer.initialize(fromContentsOf: encoded)
      return body(UnsafeBufferPointer(buffer))
    }
  }

  /// What the escape at that position stands for, and the position after it or after both of a
  /// pair of surrogates.
  private static func escapedScalar(
    _ text: UnsafeBufferPointer<UInt8>, at start: Int
  ) -> (scalar: UInt32, end: Int) {
    switch text[start + 1] {
    case UInt8(ascii: "b"): (0x08, start + 2)
    case UInt8(ascii: "t"): (0x09, start + 2)
    case UInt8(ascii: "n"): (0x0A, start + 2)
    case UInt8(ascii: "f"): (0x0C, start + 2)
    case UInt8(ascii: "r"): (0x0D, start + 2)
    case UInt8(ascii: "u"): unicodeScalar(text, at: start)
    case let same: (UInt32(same), start + 2)
    }
  }

  private static func unicodeScalar(
    _ text: UnsafeBufferPointer<UInt8>, at start: Int
  ) -> (scalar: UInt32, end: Int) {
    let end = start + unicodeEscapeBytes
    guard end <= text.count, let unit = hexUnit(text, at: start + 2) else {
      return (0xFFFD, text.count)
    }
    guard case 0xD800...0xDBFF = unit else { return (unit, end) }
    let pairEnd = end + unicodeEscapeBytes
    guard pairEnd <= text.count, let low = hexUnit(text, at: end + 2) else {
      return (0xFFFD, text.count)
    }
    return (0x10000 + (unit & 0x3FF) << 10 + (low & 0x3FF), pairEnd)
  }
}
