/// Decoding of URL parts. What decodes to invalid UTF-8 or to a NUL is refused, as no identifier
/// may hold it and the database cannot store it.
enum PercentEncoding {
  /// Decodes once; nil when an escape is broken or the result is not acceptable text.
  /// - Parameter plusIsSpace: the form encoding of query strings.
  static func decode(_ bytes: UnsafeRawBufferPointer, plusIsSpace: Bool) -> String? {
    guard needsDecoding(bytes, plusIsSpace: plusIsSpace) else {
      return String(validating: bytes.bindMemory(to: UInt8.self), as: UTF8.self)
    }
    var decoded: [UInt8] = []
    decoded.reserveCapacity(bytes.count)
    var index = 0
    while index < bytes.count {
      let byte = bytes[index]
      if byte == UInt8(ascii: "%") {
        guard index + 2 < bytes.count, let high = hexValue(bytes[index + 1]),
          let low = hexValue(bytes[index + 2]), high | low != 0
        else { return nil }
        decoded.append(high << 4 | low)
        index += 3
      } else {
        decoded.append(plusIsSpace && byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
        index += 1
      }
    }
    return String(validating: decoded, as: UTF8.self)
  }

  private static func needsDecoding(
    _ bytes: UnsafeRawBufferPointer, plusIsSpace: Bool
  ) -> Bool {
    bytes.contains { $0 == UInt8(ascii: "%") || (plusIsSpace && $0 == UInt8(ascii: "+")) }
  }

  private static func hexValue(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}
