extension JSONView {
  package var isNull: Bool {
    kind == .null
  }

  package var bool: Bool? {
    let entry = entry
    return entry.kind == .bool ? storage.bytes[entry.offset] == UInt8(ascii: "t") : nil
  }

  package var string: String? {
    let entry = entry
    guard entry.kind == .string else { return nil }
    guard entry.flags.contains(.escaped) else {
      return storage.bytes.withUnsafeBufferPointer {
        String(decoding: UnsafeBufferPointer(rebasing: $0[entry.textRange]), as: UTF8.self)
      }
    }
    return String(decoding: unescaped(entry), as: UTF8.self)
  }

  /// The greatest integer of canonical JSON. spec: appendices#canonical-json
  package static let largestInteger = Int64(JSONParser.largestInteger)

  /// Only for numbers without fraction and exponent in ±(2^53-1); `-0` is 0.
  package var integer: Int64? {
    let entry = entry
    guard entry.flags.contains(.integer) else { return nil }
    var digits = storage.bytes[entry.range]
    let isNegative = digits.first == UInt8(ascii: "-")
    if isNegative { digits.removeFirst() }
    let magnitude = digits.reduce(0) { $0 &* 10 &+ Int64($1 &- UInt8(ascii: "0")) }
    return isNegative ? -magnitude : magnitude
  }

  /// As `integer`, but of all integers of 64 bits: events of old room versions have them.
  package var wideInteger: Int64? {
    if let integer { return integer }
    let entry = entry
    guard entry.kind == .number else { return nil }
    return Int64(String(decoding: storage.bytes[entry.range], as: UTF8.self))
  }

  /// Of any number, always finite; inexact where a double cannot hold it.
  package var double: Double? {
    let entry = entry
    guard entry.kind == .number else { return nil }
    return storage.bytes.withUnsafeBufferPointer { JSONParser.double($0[entry.range]) }
  }

  /// True for a string of exactly these bytes; makes no string.
  package func stringEquals(_ other: String) -> Bool {
    let entry = entry
    guard entry.kind == .string else { return false }
    var other = other
    return other.withUTF8 { textEquals(entry, $0) }
  }

  func textEquals(_ entry: TapeEntry, _ other: UnsafeBufferPointer<UInt8>) -> Bool {
    let range = entry.textRange
    let isEscaped = entry.flags.contains(.escaped)
    // An escape is longer than what it stands for.
    guard isEscaped ? range.count > other.count : range.count == other.count else { return false }
    return storage.bytes.withUnsafeBufferPointer {
      let text = UnsafeBufferPointer(rebasing: $0[range])
      return isEscaped ? EscapedText.isEqual(text, other) : textOrder(text, other) == 0
    }
  }

  private func unescaped(_ entry: TapeEntry) -> [UInt8] {
    storage.bytes.withUnsafeBufferPointer {
      EscapedText.unescaped(UnsafeBufferPointer(rebasing: $0[entry.textRange]))
    }
  }
}
