/// Writes integers in as many bytes as they need, 7 bits in each, the lowest first.
struct VarintWriter {
  private(set) var bytes: [UInt8] = []

  mutating func write(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  /// Small values of either sign stay short.
  mutating func write(signed value: Int64) {
    write(UInt64(bitPattern: (value << 1) ^ (value >> 63)))
  }
}

struct VarintReader {
  private static let bitLimit = 64

  private let bytes: [UInt8]
  private var position = 0

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  var remaining: Int { bytes.count - position }
  var isAtEnd: Bool { remaining == 0 }

  /// Nil at the end and for what is no integer of 64 bits.
  mutating func read() -> UInt64? {
    var (value, shift) = (UInt64(0), 0)
    while position < bytes.count, shift < Self.bitLimit {
      let byte = bytes[position]
      position += 1
      let bits = UInt64(byte & 0x7f)
      guard (bits << shift) >> shift == bits else { return nil }
      value |= bits << shift
      if byte < 0x80 { return value }
      shift += 7
    }
    return nil
  }

  mutating func readSigned() -> Int64? {
    read().map { Int64(bitPattern: $0 >> 1) ^ -Int64($0 & 1) }
  }
}
