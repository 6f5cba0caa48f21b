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
    var position = 0
    while position < text.count {
      let rest = text[position...]
      let backslash = rest.firstIndex(of: UInt8(ascii: "\\")) ?? rest.endIndex
      output.append(contentsOf: text[position..<backslash])
      guard backslash + 1 < text.count else { return }
      position = backslash + 2
      switch text[backslash + 1] {
      case UInt8(ascii: "b"): output.append(0x08)
      case UInt8(ascii: "t"): output.append(0x09)
      case UInt8(ascii: "n"): output.append(0x0A)
      case UInt8(ascii: "f"): output.append(0x0C)
      case UInt8(ascii: "r"): output.append(0x0D)
      case UInt8(ascii: "u"): position = unescapeUnicode(text, at: backslash, into: &output)
      case let same: output.append(same)
      }
    }
  }

  /// - Returns: the position after the escape, or after both of a pair of surrogates.
  private static func unescapeUnicode(
    _ text: UnsafeBufferPointer<UInt8>, at start: Int, into output: inout [UInt8]
  ) -> Int {
    let end = start + unicodeEscapeBytes
    guard end <= text.count, let unit = hexUnit(text, at: start + 2) else { return text.count }
    guard case 0xD800...0xDBFF = unit else {
      append(unit, to: &output)
      return end
    }
    let pairEnd = end + unicodeEscapeBytes
    guard pairEnd <= text.count, let low = hexUnit(text, at: end + 2) else { return text.count }
    append(0x10000 + (unit & 0x3FF) << 10 + (low & 0x3FF), to: &output)
    return pairEnd
  }

  private static func append(_ scalar: UInt32, to output: inout [UInt8]) {
    if let scalar = Unicode.Scalar(scalar) {
      output.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
    }
  }
}
