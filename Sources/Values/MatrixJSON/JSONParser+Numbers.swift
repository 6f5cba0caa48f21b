extension JSONParser {
  /// The largest integer of canonical JSON, and of a double that has all integers below it.
  static let largestInteger: UInt64 = 1 << 53 - 1

  /// Every integer up to this length is exact in 64 bits.
  private static let exactDigits = 16
  /// A shorter number with an exponent of at most two digits cannot leave the range of a double.
  private static let surelyFiniteBytes = 100
  private static let surelyFiniteExponentDigits = 2

  /// Checks the number at the present position and goes behind it.
  mutating func number() throws(JSONError) -> TapeEntry {
    let start = position
    let isNegative = text[position] == UInt8(ascii: "-")
    if isNegative { position &+= 1 }
    let (digits, magnitude) = try integerPart(of: start)
    var isInteger = digits <= Self.exactDigits && magnitude <= Self.largestInteger
    if byteHere == UInt8(ascii: ".") {
      isInteger = false
      position &+= 1
      _ = try digitRun(of: start)
    }
    var exponentDigits = 0
    if let byte = byteHere, byte | 0x20 == UInt8(ascii: "e") {
      isInteger = false
      position &+= 1
      if let sign = byteHere, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") {
        position &+= 1
      }
      exponentDigits = try digitRun(of: start)
    }
    let length = position &- start
    if length > Self.surelyFiniteBytes || exponentDigits > Self.surelyFiniteExponentDigits {
      guard Self.double(text[start..<position])?.isFinite == true else {
        throw .numberOutOfRange(offset: start)
      }
    }
    var flags: TapeEntry.Flags = isInteger ? [.integer, .canonical] : []
    if isNegative, magnitude == 0 { flags.remove(.canonical) }
    return TapeEntry(.number, offset: start, length: length, next: tape.count &+ 1, flags: flags)
  }

  /// Nil when the text is no number.
  static func double(_ text: Slice<UnsafeBufferPointer<UInt8>>) -> Double? {
    Double(String(decoding: text, as: UTF8.self))
  }

  private var byteHere: UInt8? {
    position < text.count ? text[position] : nil
  }

  /// - Returns: the value is right for up to 16 digits.
  private mutating func integerPart(
    of start: Int
  ) throws(JSONError) -> (digits: Int, magnitude: UInt64) {
    if byteHere == UInt8(ascii: "0") {
      position &+= 1
      if let byte = byteHere, Self.isDigit(byte) { throw .invalidNumber(offset: start) }
      return (1, 0)
    }
    let first = position
    var magnitude: UInt64 = 0
    while let byte = byteHere, Self.isDigit(byte) {
      magnitude = magnitude &* 10 &+ UInt64(byte &- UInt8(ascii: "0"))
      position &+= 1
    }
    guard position > first else { throw .invalidNumber(offset: start) }
    return (position &- first, magnitude)
  }

  /// Goes over at least one digit.
  private mutating func digitRun(of start: Int) throws(JSONError) -> Int {
    let first = position
    while let byte = byteHere, Self.isDigit(byte) { position &+= 1 }
    guard position > first else { throw .invalidNumber(offset: start) }
    return position &- first
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    byte &- UInt8(ascii: "0") < 10
  }
}
