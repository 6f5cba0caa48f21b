/// Text in the form in which it is compared without regard to case, as UTF-8.
enum FoldedText {
  static func fold(_ text: String) -> [UInt8] {
    var isASCII = true
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.utf8.count)
    for byte in text.utf8 {
      isASCII = isASCII && byte < 0x80
      bytes.append(byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte)
    }
    return isASCII ? bytes : Array(text.lowercased().utf8)
  }

  /// The characters that words consist of.
  ///
  /// spec: client-server-api#conditions-1
  static func isWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
      true
    default: false
    }
  }

  /// Whether a match may begin or end at this offset.
  ///
  /// spec: client-server-api#conditions-1
  @inline(__always)
  static func isBoundary(_ text: [UInt8], _ offset: Int) -> Bool {
    offset == 0 || offset == text.count || !isWord(text[offset - 1]) || !isWord(text[offset])
  }
}
