/// Byte-wise constants of the eight bytes that are looked at in one step.
private enum Lanes {
  static let ones: UInt64 = 0x0101_0101_0101_0101
  static let high: UInt64 = ones * 0x80
  static let space: UInt64 = ones * 0x20
  static let quote: UInt64 = ones * 0x22
  static let backslash: UInt64 = ones * 0x5C
}

/// The highest bit of each byte that is a control character, a quotation mark or a backslash.
///
/// Exact up to and including the lowest byte that is set; those above it may be set by the borrow.
/// Bytes from 0x80 on count as clean.
private func stops(in word: UInt64) -> UInt64 {
  let quote = word ^ Lanes.quote
  let backslash = word ^ Lanes.backslash
  return ((word &- Lanes.space) & ~word)
    | ((quote &- Lanes.ones) & ~quote)
    | ((backslash &- Lanes.ones) & ~backslash)
}

@inline(__always)
private func word(_ base: UnsafePointer<UInt8>, _ position: Int) -> UInt64 {
  UInt64(littleEndian: UnsafeRawPointer(base + position).loadUnaligned(as: UInt64.self))
}

/// The first position from `start` on of a byte that a JSON string does not hold as plain ASCII:
/// a quotation mark, a backslash, a control character or a byte from 0x80 on. `end` when none.
@inline(__always)
func endOfPlainASCII(_ base: UnsafePointer<UInt8>, from start: Int, to end: Int) -> Int {
  var position = start
  while position &+ 8 <= end {
    let eight = word(base, position)
    let found = (stops(in: eight) | eight) & Lanes.high
    if found != 0 { return position &+ found.trailingZeroBitCount / 8 }
    position &+= 8
  }
  while position < end, isPlain(base[position]), base[position] < 0x80 { position &+= 1 }
  return position
}

/// The first position from `start` on of a byte that has to be escaped. `end` when none.
func endOfUnescaped(_ base: UnsafePointer<UInt8>, from start: Int, to end: Int) -> Int {
  var position = start
  while position &+ 8 <= end {
    let found = stops(in: word(base, position)) & Lanes.high
    if found != 0 { return position &+ found.trailingZeroBitCount / 8 }
    position &+= 8
  }
  while position < end, isPlain(base[position]) { position &+= 1 }
  return position
}

@inline(__always)
private func isPlain(_ byte: UInt8) -> Bool {
  byte >= 0x20 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
}
