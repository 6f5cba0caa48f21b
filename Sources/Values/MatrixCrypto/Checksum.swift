/// The checksum of zip and PNG. It finds typing errors, not forgeries.
package enum CRC32 {
  private static let table: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { value, _ in
      value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1
    }
  }

  package static func checksum(_ bytes: some Sequence<UInt8>) -> UInt32 {
    ~bytes.reduce(UInt32.max) { value, byte in
      table[Int(UInt8(truncatingIfNeeded: value) ^ byte)] ^ value >> 8
    }
  }
}

/// Numbers as digits, small letters and capitals, as in the tails of Synapse's access tokens.
package enum Base62 {
  private static let digits = Array(
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".utf8)

  package static func encode(_ number: UInt64, minimumDigits: Int = 1) -> String {
    var rest = number
    var reversed: [UInt8] = []
    while rest > 0 {
      reversed.append(digits[Int(rest % 62)])
      rest /= 62
    }
    while reversed.count < minimumDigits { reversed.append(digits[0]) }
    return String(decoding: reversed.reversed(), as: UTF8.self)
  }
}
