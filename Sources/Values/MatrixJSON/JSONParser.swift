/// One pass over the text that checks all of it and fills the tape. The open objects and arrays
/// are linked through their own entries, so that depth costs no stack.
///
/// The text must outlive the parser: it is made inside one `withUnsafeBufferPointer`.
struct JSONParser {
  let text: UnsafeBufferPointer<UInt8>
  let limits: JSONLimits
  var tape = ContiguousArray<TapeEntry>()
  var position = 0
  /// Index of the innermost object or array that is open, or `none`.
  private var open = JSONParser.none
  private var depth = 0

  private static let none = -1
  /// A guess at the bytes one entry stands for; short events have about one in 20.
  private static let bytesPerEntry = 16

  private enum Expectation {
    case value
    case firstElement
    case firstKey
    case key
    case separator
  }

  init(_ text: UnsafeBufferPointer<UInt8>, limits: JSONLimits) {
    self.text = text
    self.limits = limits
    tape.reserveCapacity(text.count / Self.bytesPerEntry + 1)
  }

  mutating func parse() throws(JSONError) -> ContiguousArray<TapeEntry> {
    var expected = Expectation.value
    repeat {
      let byte = try nextByte()
      switch (expected, byte) {
      case (.firstElement, UInt8(ascii: "]")), (.firstKey, UInt8(ascii: "}")):
        try close()
        expected = .separator
      case (.value, _), (.firstElement, _):
        expected = try value(startingWith: byte)
      case (.key, UInt8(ascii: "\"")), (.firstKey, UInt8(ascii: "\"")):
        try key()
        expected = .value
      case (.separator, _):
        expected = try separator(byte)
      default:
        throw .unexpectedByte(offset: position)
      }
    } while open != Self.none
    skipWhitespace()
    guard position == text.count else { throw .unexpectedByte(offset: position) }
    return tape
  }

  private mutating func value(startingWith byte: UInt8) throws(JSONError) -> Expectation {
    if open != Self.none { tape[open].count &+= 1 }
    switch byte {
    case UInt8(ascii: "\""):
      add(try string())
    case UInt8(ascii: "{"):
      try begin(.object, flags: [.canonical, .sorted])
      return .firstKey
    case UInt8(ascii: "["):
      try begin(.array, flags: .canonical)
      return .firstElement
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
      add(try number())
    case UInt8(ascii: "t"): try literal("true", .bool)
    case UInt8(ascii: "f"): try literal("false", .bool)
    case UInt8(ascii: "n"): try literal("null", .null)
    default: throw .unexpectedByte(offset: position)
    }
    return .separator
  }

  private mutating func separator(_ byte: UInt8) throws(JSONError) -> Expectation {
    let isObject = tape[open].kind == .object
    switch byte {
    case UInt8(ascii: ","):
      position &+= 1
      return isObject ? .key : .value
    case UInt8(ascii: "}") where isObject, UInt8(ascii: "]") where !isObject:
      try close()
      return .separator
    default:
      throw .unexpectedByte(offset: position)
    }
  }

  /// A key with its colon.
  private mutating func key() throws(JSONError) {
    let entry = try string()
    let last = tape[open].lastKey
    if tape[open].flags.contains(.sorted) {
      let inOrder = last == 0 || precedes(tape[last], entry)
      if !inOrder { tape[open].flags.subtract([.sorted, .canonical]) }
    }
    tape[open].lastKey = tape.count
    add(entry)
    guard try nextByte() == UInt8(ascii: ":") else { throw .unexpectedByte(offset: position) }
    position &+= 1
  }

  private func precedes(_ left: TapeEntry, _ right: TapeEntry) -> Bool {
    let leftText = UnsafeBufferPointer(rebasing: text[left.textRange])
    let rightText = UnsafeBufferPointer(rebasing: text[right.textRange])
    guard left.flags.contains(.escaped) || right.flags.contains(.escaped) else {
      return textOrder(leftText, rightText) < 0
    }
    return EscapedText.unescaped(leftText)
      .lexicographicallyPrecedes(EscapedText.unescaped(rightText))
  }

  private mutating func begin(
    _ kind: JSONView.Kind, flags: TapeEntry.Flags
  ) throws(JSONError) {
    guard depth < limits.maximumDepth else { throw .tooDeep(offset: position) }
    depth &+= 1
    let parent = open
    open = tape.count
    tape.append(TapeEntry(kind, offset: position, length: 0, next: parent, flags: flags))
    position &+= 1
  }

  private mutating func close() throws(JSONError) {
    position &+= 1
    depth &-= 1
    let closed = open
    let parent = Int(Int32(bitPattern: tape[closed].next))
    tape[closed].length = position &- tape[closed].offset
    tape[closed].next = UInt32(truncatingIfNeeded: tape.count)
    open = parent
    if parent != Self.none, !tape[closed].flags.contains(.canonical) {
      tape[parent].flags.remove(.canonical)
    }
    if limits.rejectsRepeatedKeys, tape[closed].kind == .object,
      !tape[closed].flags.contains(.sorted), let repeated = repeatedKey(inObjectAt: closed)
    {
      throw .repeatedKey(offset: repeated)
    }
  }

  private mutating func add(_ entry: TapeEntry) {
    if open != Self.none, !entry.flags.contains(.canonical) {
      tape[open].flags.remove(.canonical)
    }
    tape.append(entry)
  }

  private mutating func literal(
    _ word: StaticString, _ kind: JSONView.Kind
  ) throws(JSONError) {
    let length = word.utf8CodeUnitCount
    for step in 0..<length {
      guard position &+ step < text.count else { throw .unexpectedEnd }
      guard text[position &+ step] == word.utf8Start[step] else {
        throw .unexpectedByte(offset: position &+ step)
      }
    }
    add(
      TapeEntry(
        kind, offset: position, length: length, next: tape.count &+ 1, flags: .canonical))
    position &+= length
  }

  /// The next byte that is no whitespace; whitespace makes the open value not canonical.
  @inline(__always)
  private mutating func nextByte() throws(JSONError) -> UInt8 {
    guard position < text.count else { throw .unexpectedEnd }
    if text[position] > 0x20 { return text[position] }
    skipWhitespace()
    if open != Self.none { tape[open].flags.remove(.canonical) }
    guard position < text.count else { throw .unexpectedEnd }
    return text[position]
  }

  private mutating func skipWhitespace() {
    while position < text.count {
      switch text[position] {
      case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t"):
        position &+= 1
      default: return
      }
    }
  }
}
