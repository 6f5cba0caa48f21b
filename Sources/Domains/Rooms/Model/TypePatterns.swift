/// Names of event types, some with `*` for any sequence of characters.
struct TypePatterns: Sendable, Hashable {
  private var names: Set<String> = []
  /// The parts between the wildcards, as bytes; two at least.
  private var wildcards: [[[UInt8]]] = []
  /// Bytes of all names with wildcards together: trying one takes time with its length.
  static let wildcardBytesLimit = 4096

  /// Nil when more than `wildcardLimit` of the names have wildcards, or these are too long.
  init?(_ texts: [String], wildcardLimit: Int) {
    var bytes = 0
    for text in texts {
      let parts = text.utf8.split(separator: UInt8(ascii: "*"), omittingEmptySubsequences: false)
      if parts.count == 1 {
        names.insert(text)
      } else {
        bytes += text.utf8.count
        wildcards.append(parts.map { Array($0) })
      }
    }
    guard wildcards.count <= wildcardLimit, bytes <= Self.wildcardBytesLimit else { return nil }
  }

  func contains(_ type: String) -> Bool {
    if names.contains(type) { return true }
    guard !wildcards.isEmpty else { return false }
    let bytes = Array(type.utf8)
    return wildcards.contains { Self.matches($0, bytes[...]) }
  }

  /// The first part begins the text, the last one ends it, and each of those between is taken
  /// where it comes first, which leaves the most room for the next.
  private static func matches(_ parts: [[UInt8]], _ text: ArraySlice<UInt8>) -> Bool {
    guard let first = parts.first, let last = parts.last,
      text.count >= first.count + last.count, text.starts(with: first),
      text.suffix(last.count).elementsEqual(last)
    else { return false }
    var rest = text.dropFirst(first.count).dropLast(last.count)
    for part in parts.dropFirst().dropLast() {
      guard let end = endOfFirst(part, in: rest) else { return false }
      rest = rest[end...]
    }
    return true
  }

  private static func endOfFirst(_ part: [UInt8], in text: ArraySlice<UInt8>) -> Int? {
    guard text.count >= part.count else { return nil }
    for start in text.startIndex...(text.endIndex - part.count)
    where text[start..<start + part.count].elementsEqual(part) {
      return start + part.count
    }
    return nil
  }
}
