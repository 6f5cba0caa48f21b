import Glibc

/// Below, at or above zero as `left` comes before, equals or comes after `right`. The order of the
/// bytes of UTF-8 is that of the code points.
@inline(__always)
func textOrder(_ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>) -> Int {
  let common = min(left.count, right.count)
  if common > 0, let a = left.baseAddress, let b = right.baseAddress {
    let order = memcmp(a, b, common)
    if order != 0 { return Int(order) }
  }
  return left.count &- right.count
}

/// The members of one object, to be sorted by their unescaped keys.
struct KeyOrder {
  private struct Key {
    /// The first eight bytes as a big-endian number decide most comparisons.
    var prefix: UInt64
    var start: Int
    var length: Int
    var index: Int
  }

  private var keys: [Key] = []
  /// The unescaped keys, only when there are escapes.
  private var unescaped: [UInt8]?

  /// - Parameters:
  ///   - object: the index of an object on the tape.
  ///   - end: the index after its last member.
  init(
    object: Int, end: Int, tape: ContiguousArray<TapeEntry>, text: UnsafeBufferPointer<UInt8>
  ) {
    keys.reserveCapacity(Int(tape[object].count))
    var hasEscapes = false
    var index = object + 1
    while index < end {
      let range = tape[index].textRange
      hasEscapes = hasEscapes || tape[index].flags.contains(.escaped)
      keys.append(Key(prefix: 0, start: range.lowerBound, length: range.count, index: index))
      index = Int(tape[index + 1].next)
    }
    if hasEscapes { unescape(text) }
    withKeyText(text) { text, keys in
      for index in keys.indices {
        let start = keys[index].start
        keys[index].prefix = Self.prefix(text[start..<start + keys[index].length])
      }
      keys.sort { left, right in
        let order = Self.order(left, right, text)
        return order == 0 ? left.index < right.index : order < 0
      }
    }
  }

  private mutating func unescape(_ text: UnsafeBufferPointer<UInt8>) {
    var output: [UInt8] = []
    for index in keys.indices {
      let range = keys[index].start..<keys[index].start + keys[index].length
      keys[index].start = output.count
      EscapedText.unescape(UnsafeBufferPointer(rebasing: text[range]), into: &output)
      keys[index].length = output.count - keys[index].start
    }
    unescaped = output
  }

  /// Indices of the keys on the tape in canonical order; of equal keys only the last.
  mutating func lastOfEach(_ text: UnsafeBufferPointer<UInt8>) -> [Int] {
    withKeyText(text) { text, keys in
      keys.indices.compactMap { index in
        let isRepeated =
          index + 1 < keys.count && Self.order(keys[index], keys[index + 1], text) == 0
        return isRepeated ? nil : keys[index].index
      }
    }
  }

  /// The index on the tape of a key that an earlier one equals.
  mutating func firstRepeated(_ text: UnsafeBufferPointer<UInt8>) -> Int? {
    withKeyText(text) { text, keys in
      keys.indices.dropFirst().first { Self.order(keys[$0 - 1], keys[$0], text) == 0 }
        .map { keys[$0].index }
    }
  }

  private mutating func withKeyText<T>(
    _ text: UnsafeBufferPointer<UInt8>,
    _ body: (UnsafeBufferPointer<UInt8>, inout [Key]) -> T
  ) -> T {
    guard let unescaped else { return body(text, &keys) }
    return unescaped.withUnsafeBufferPointer { body($0, &keys) }
  }

  private static func prefix(_ key: Slice<UnsafeBufferPointer<UInt8>>) -> UInt64 {
    var prefix: UInt64 = 0
    for byte in key.prefix(8) { prefix = prefix << 8 | UInt64(byte) }
    return key.count < 8 ? prefix << (8 * UInt64(8 - key.count)) : prefix
  }

  private static func order(
    _ left: Key, _ right: Key, _ text: UnsafeBufferPointer<UInt8>
  ) -> Int {
    if left.prefix != right.prefix { return left.prefix < right.prefix ? -1 : 1 }
    return textOrder(
      UnsafeBufferPointer(rebasing: text[left.start..<left.start + left.length]),
      UnsafeBufferPointer(rebasing: text[right.start..<right.start + right.length]))
  }
}

extension JSONParser {
  /// Objects up to this size are compared pair by pair instead of being sorted.
  private static let pairwiseKeys = 16

  /// The offset of a key that the object, just closed, has twice.
  func repeatedKey(inObjectAt object: Int) -> Int? {
    if tape[object].count <= Self.pairwiseKeys, let answer = repeatedPlainKey(in: object) {
      return answer
    }
    var order = KeyOrder(object: object, end: tape.count, tape: tape, text: text)
    return order.firstRepeated(text).map { tape[$0].offset }
  }

  /// - Returns: nil when a key has escapes; `.some(nil)` when no key is repeated.
  private func repeatedPlainKey(in object: Int) -> Int?? {
    var current = object + 1
    while current < tape.count {
      if tape[current].flags.contains(.escaped) { return nil }
      let key = UnsafeBufferPointer(rebasing: text[tape[current].textRange])
      var other = object + 1
      while other < current {
        if tape[other].length == tape[current].length,
          textOrder(UnsafeBufferPointer(rebasing: text[tape[other].textRange]), key) == 0
        {
          return .some(tape[current].offset)
        }
        other = Int(tape[other + 1].next)
      }
      current = Int(tape[current + 1].next)
    }
    return .some(nil)
  }
}
