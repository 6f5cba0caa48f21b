extension JSONParser {
  /// Checks the string at the present position and goes behind it.
  mutating func string() throws(JSONError) -> TapeEntry {
    let start = position
    var flags = TapeEntry.Flags.canonical
    guard let base = text.baseAddress else { throw .unexpectedEnd }
    position &+= 1
    while true {
      position = endOfPlainASCII(base, from: position, to: text.count)
      guard position < text.count else { throw .unexpectedEnd }
      let byte = text[position]
      if byte == UInt8(ascii: "\"") { break }
      if byte >= 0x80 {
        try sequences()
      } else if byte == UInt8(ascii: "\\") {
        flags.insert(.escaped)
        if try !escape() { flags.remove(.canonical) }
      } else {
        throw .unexpectedByte(offset: position)
      }
    }
    position &+= 1
    return TapeEntry(
      .string, offset: start, length: position &- start, next: tape.count &+ 1, flags: flags)
  }

  /// Goes over characters beyond ASCII until one of ASCII or the end of the text.
  ///
  /// spec: https://www.unicode.org/versions/latest/ (table of well-formed UTF-8 byte sequences)
  private mutating func sequences() throws(JSONError) {
    while position < text.count, text[position] >= 0x80 {
      let second: ClosedRange<UInt8>
      let length: Int
      switch text[position] {
      case 0xC2...0xDF: (second, length) = (0x80...0xBF, 2)
      case 0xE0: (second, length) = (0xA0...0xBF, 3)
      case 0xED: (second, length) = (0x80...0x9F, 3)
      case 0xE1...0xEF: (second, length) = (0x80...0xBF, 3)
      case 0xF0: (second, length) = (0x90...0xBF, 4)
      case 0xF1...0xF3: (second, length) = (0x80...0xBF, 4)
      case 0xF4: (second, length) = (0x80...0x8F, 4)
      default: throw .invalidUTF8(offset: position)
      }
      guard text.count &- position >= length, second.contains(text[position &+ 1]) else {
        throw .invalidUTF8(offset: position)
      }
      for step in 2..<max(length, 2) where text[position &+ step] & 0xC0 != 0x80 {
        throw .invalidUTF8(offset: position)
      }
      position &+= length
    }
  }

  /// Checks the escape at the present position and goes behind it.
  ///
  /// - Returns: true when canonical JSON spells the character like that.
  private mutating func escape() throws(JSONError) -> Bool {
    guard position &+ 1 < text.count else { throw .unexpectedEnd }
    switch text[position &+ 1] {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "b"), UInt8(ascii: "f"),
      UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      position &+= 2
      return true
    case UInt8(ascii: "/"):
      position &+= 2
      return false
    case UInt8(ascii: "u"):
      return try unicodeEscape()
    default:
      throw .invalidEscape(offset: position)
    }
  }

  private mutating func unicodeEscape() throws(JSONError) -> Bool {
    let start = position
    let unit = try hexUnit(at: start)
    position = start &+ EscapedText.unicodeEscapeBytes
    switch unit {
    case 0xD800...0xDBFF:
      guard position &+ 1 < text.count, text[position] == UInt8(ascii: "\\"),
        text[position &+ 1] == UInt8(ascii: "u"),
        case 0xDC00...0xDFFF = try hexUnit(at: position)
      else { throw .loneSurrogate(offset: start) }
      position &+= EscapedText.unicodeEscapeBytes
      return false
    case 0xDC00...0xDFFF:
      throw .loneSurrogate(offset: start)
    case 0..<0x20:
      return EscapedText.shortEscape(of: UInt8(unit)) == nil
        && text[start &+ 5] == EscapedText.hexDigit(UInt8(unit & 0xF))
    default:
      return false
    }
  }

  /// The value of the four digits of the `\u` escape that begins there.
  private func hexUnit(at start: Int) throws(JSONError) -> UInt32 {
    guard text.count &- start >= EscapedText.unicodeEscapeBytes else { throw .unexpectedEnd }
    guard let unit = EscapedText.hexUnit(text, at: start &+ 2) else {
      throw .invalidEscape(offset: start)
    }
    return unit
  }
}
