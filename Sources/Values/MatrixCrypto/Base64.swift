/// Base64 without padding, with either alphabet. Decoding accepts padding, as the specification
/// asks, and left-over bits that are not zero, as keys in use have them.
///
/// spec: appendices#unpadded-base64
package enum UnpaddedBase64 {
  package static func encode(_ bytes: some Collection<UInt8>) -> String {
    Base64Alphabet.standard.encode(bytes)
  }

  /// Nil for anything but base64 of the standard alphabet.
  package static func decode(_ text: String) -> [UInt8]? {
    Base64Alphabet.standard.decode(text)
  }

  package static func encodeURLSafe(_ bytes: some Collection<UInt8>) -> String {
    Base64Alphabet.urlSafe.encode(bytes)
  }
}

private struct Base64Alphabet: Sendable {
  static let standard = Base64Alphabet(last: "+/")
  static let urlSafe = Base64Alphabet(last: "-_")

  private static let invalid: UInt8 = 0xFF
  private static let padding = UInt8(ascii: "=")

  private let symbols: [UInt8]
  private let values: [UInt8]

  init(last: StaticString) {
    var symbols: [UInt8] = []
    symbols += UInt8(ascii: "A")...UInt8(ascii: "Z")
    symbols += UInt8(ascii: "a")...UInt8(ascii: "z")
    symbols += UInt8(ascii: "0")...UInt8(ascii: "9")
    last.withUTF8Buffer { symbols += $0 }
    var values = [UInt8](repeating: Self.invalid, count: 256)
    for (value, symbol) in symbols.enumerated() { values[Int(symbol)] = UInt8(value) }
    self.symbols = symbols
    self.values = values
  }

  func encode(_ bytes: some Collection<UInt8>) -> String {
    // Unspecialised iteration costs ten times as much.
    bytes.withContiguousStorageIfAvailable(encode) ?? Array(bytes).withUnsafeBufferPointer(encode)
  }

  private func encode(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
    let capacity = (bytes.count * 4 + 2) / 3
    return String(unsafeUninitializedCapacity: capacity) { buffer in
      var used = 0
      var bits: UInt32 = 0
      var held = 0
      for byte in bytes {
        bits = bits << 8 | UInt32(byte)
        held += 8
        while held >= 6 {
          held -= 6
          buffer[used] = symbols[Int(bits >> UInt32(held) & 63)]
          used += 1
        }
      }
      if held > 0 {
        buffer[used] = symbols[Int(bits << UInt32(6 - held) & 63)]
        used += 1
      }
      return used
    }
  }

  func decode(_ text: String) -> [UInt8]? {
    var symbols = text.utf8[...]
    for _ in 0..<2 where symbols.last == Self.padding { symbols.removeLast() }
    let count = symbols.count
    let isPadded = count < text.utf8.count
    guard count % 4 != 1, !isPadded || text.utf8.count % 4 == 0 else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count * 3 / 4)
    var bits: UInt32 = 0
    var held: UInt32 = 0
    for symbol in symbols {
      let value = values[Int(symbol)]
      guard value != Self.invalid else { return nil }
      bits = bits << 6 | UInt32(value)
      held += 6
      if held >= 8 {
        held -= 8
        bytes.append(UInt8(truncatingIfNeeded: bits >> held))
      }
    }
    return bytes
  }
}
