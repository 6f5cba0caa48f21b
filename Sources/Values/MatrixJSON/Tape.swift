/// One value of the text. The entries of a text are in the order of their values; an object's
/// entry is followed by key, value, key, value, where a value with all it holds ends at `next`.
struct TapeEntry {
  struct Flags: OptionSet {
    let rawValue: UInt32
    /// The value's text is its canonical JSON already.
    static let canonical = Flags(rawValue: 1)
    /// A string with at least one backslash.
    static let escaped = Flags(rawValue: 2)
    /// A number that is an integer in ±(2^53-1) without fraction and exponent.
    static let integer = Flags(rawValue: 4)
    /// An object whose keys strictly ascend, unescaped: so none is repeated.
    static let sorted = Flags(rawValue: 8)
  }

  private static let lowBits: UInt32 = 1 << 28 - 1

  // The 28 low bits hold the number, the 4 high bits the kind and the flags.
  private var kindAndOffset: UInt32
  private var flagsAndLength: UInt32
  /// Index of the entry after this value. While an object or array is open: its parent's index.
  var next: UInt32
  /// Members of an object, elements of an array.
  var count: UInt32 = 0

  init(_ kind: JSONView.Kind, offset: Int, length: Int, next: Int, flags: Flags) {
    kindAndOffset = UInt32(kind.rawValue) << 28 | UInt32(truncatingIfNeeded: offset)
    flagsAndLength = flags.rawValue << 28 | UInt32(truncatingIfNeeded: length)
    self.next = UInt32(truncatingIfNeeded: next)
  }

  var kind: JSONView.Kind {
    JSONView.Kind(rawValue: UInt8(kindAndOffset >> 28)) ?? .null
  }

  /// Of the first byte, the quotation mark of a string.
  var offset: Int {
    Int(kindAndOffset & Self.lowBits)
  }

  /// With both quotation marks of a string.
  var length: Int {
    get { Int(flagsAndLength & Self.lowBits) }
    set {
      flagsAndLength = flagsAndLength & ~Self.lowBits | UInt32(truncatingIfNeeded: newValue)
    }
  }

  /// While an object is open its length is unknown, so that the field holds the index of the key
  /// read last; 0 before the first.
  var lastKey: Int {
    get { length }
    set { length = newValue }
  }

  var flags: Flags {
    get { Flags(rawValue: flagsAndLength >> 28) }
    set { flagsAndLength = flagsAndLength & Self.lowBits | newValue.rawValue << 28 }
  }

  var range: Range<Int> {
    offset..<offset + length
  }

  /// Between the quotation marks of a string.
  var textRange: Range<Int> {
    offset + 1..<offset + length - 1
  }
}

/// What all views of one text share.
final class JSONStorage: Sendable {
  let bytes: [UInt8]
  let tape: ContiguousArray<TapeEntry>
  /// The parser has checked that no object repeats a key.
  let hasUniqueKeys: Bool

  init(bytes: [UInt8], tape: ContiguousArray<TapeEntry>, hasUniqueKeys: Bool) {
    self.bytes = bytes
    self.tape = tape
    self.hasUniqueKeys = hasUniqueKeys
  }
}
