/// What all sigil identifiers have in common.
///
/// Two identifiers are the same only when their bytes are: Swift's own string equality treats
/// canonically equivalent text as equal, which would make two users of what Matrix keeps apart.
///
/// spec: appendices#common-identifier-format
package protocol MatrixIdentifier: Hashable, Comparable, Sendable, CustomStringConvertible {
  var text: String { get }
  /// Nil when the text breaks the grammar.
  init?(_ text: String)
}

/// The longest identifier in bytes, sigil and domain included.
package let maximumIdentifierBytes = 255

extension MatrixIdentifier {
  package var description: String { text }

  package static func == (left: Self, right: Self) -> Bool {
    sameBytes(left.text, right.text)
  }

  package static func < (left: Self, right: Self) -> Bool {
    left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(text)
  }
}

/// Equality of bytes, not of canonically equivalent text.
package func sameBytes(_ left: String, _ right: String) -> Bool {
  guard left.utf8.count == right.utf8.count else { return false }
  return left.withBytes { left in
    right.withBytes { sameBytes(UnsafeRawBufferPointer(left), UnsafeRawBufferPointer($0)) }
  }
}

/// - Parameter right: as many bytes as `left` has.
private func sameBytes(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
  // Identifiers are often copies of each other, which share their text.
  if left.baseAddress == right.baseAddress { return true }
  let wordBytes = MemoryLayout<UInt64>.size
  var offset = 0
  while offset + wordBytes <= left.count {
    let one = left.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
    guard one == right.loadUnaligned(fromByteOffset: offset, as: UInt64.self) else { return false }
    offset += wordBytes
  }
  while offset < left.count {
    guard left[offset] == right[offset] else { return false }
    offset += 1
  }
  return true
}

/// Why an identifier could not be put together from its parts.
package enum IdentifierError: Error, Sendable, Equatable {
  case invalidLocalpart
  case tooLong
}

enum Sigil {
  static let user = UInt8(ascii: "@")
  static let room = UInt8(ascii: "!")
  static let event = UInt8(ascii: "$")
  static let alias = UInt8(ascii: "#")
  static let colon = UInt8(ascii: ":")
}

/// Checks the sigil, the length and that there is no NUL; gives the offset of the first colon.
///
/// - Returns: nil when a check fails; `.some(nil)` when the text has no colon.
func scanIdentifier(_ text: String, sigil: UInt8) -> Int?? {
  text.withBytes { bytes in
    guard bytes.count <= maximumIdentifierBytes, bytes.first == sigil else { return nil }
    var colon: Int?
    for offset in bytes.indices {
      if bytes[offset] == 0 { return nil }
      if colon == nil, bytes[offset] == Sigil.colon { colon = offset }
    }
    return .some(colon)
  }
}

/// The offset of the colon in an identifier that ends with the server it belongs to.
///
/// - Returns: nil when the text breaks the grammar.
func colonBeforeServer(in text: String, sigil: UInt8) -> UInt8? {
  guard let scanned = scanIdentifier(text, sigil: sigil), let colon = scanned,
    ServerName.hostLength(of: text, from: colon + 1) != nil
  else { return nil }
  return UInt8(colon)
}

extension String {
  /// Reads the bytes where they are: iterating over a `UTF8View` costs several times as much.
  func withBytes<T>(_ body: (UnsafeBufferPointer<UInt8>) -> T) -> T {
    utf8.withContiguousStorageIfAvailable(body) ?? Array(utf8).withUnsafeBufferPointer(body)
  }

  /// The text from a byte offset that lies on a character boundary.
  func from(byte offset: Int) -> Substring {
    self[utf8.index(utf8.startIndex, offsetBy: offset)...]
  }

  func between(byte start: Int, and end: Int) -> Substring {
    self[utf8.index(utf8.startIndex, offsetBy: start)..<utf8.index(utf8.startIndex, offsetBy: end)]
  }
}
