import COpenSSL

/// Randomness for secrets.
package enum SecureRandom {
  /// Characters that a random text is made of; at most 256.
  package struct Alphabet: Sendable {
    package static let letters = Alphabet("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
    package static let upperCase = Alphabet("ABCDEFGHIJKLMNOPQRSTUVWXYZ")

    let symbols: [UInt8]

    package init(_ symbols: StaticString) {
      self.symbols = symbols.withUTF8Buffer { Array($0.prefix(256)) }
    }
  }

  package static func bytes(_ count: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { out, used in
      if RAND_bytes(out.baseAddress, Int32(clamping: count)) != 1 {
        // libcrypto could not seed itself: ask the kernel.
        var kernel = SystemRandomNumberGenerator()
        for index in 0..<count {
          out.initializeElement(at: index, to: UInt8.random(in: .min ... .max, using: &kernel))
        }
      }
      used = count
    }
  }

  /// Every character equally likely.
  package static func string(_ count: Int, _ alphabet: Alphabet = .letters) -> String {
    let symbols = alphabet.symbols
    guard !symbols.isEmpty else { return "" }
    // Values past the last whole multiple would make the first characters likelier.
    let fair = 256 / symbols.count * symbols.count
    var text: [UInt8] = []
    text.reserveCapacity(count)
    while text.count < count {
      for byte in bytes((count - text.count) * 256 / fair + 1)
      where text.count < count && Int(byte) < fair {
        text.append(symbols[Int(byte) % symbols.count])
      }
    }
    return String(decoding: text, as: UTF8.self)
  }
}
