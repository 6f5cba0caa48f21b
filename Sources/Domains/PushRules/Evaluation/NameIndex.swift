import MatrixIdentifiers

/// Finds whose names a text contains as words, in time that depends on the text and not on how
/// many names there are.
struct NameIndex: Sendable {
  enum Kind: Sendable, Hashable {
    case displayName, localpart
  }

  struct Hit: Hashable {
    let user: UserID
    let kind: Kind
  }

  private struct Entry: Sendable {
    let user: UserID
    let kind: Kind
    let name: [UInt8]
  }

  /// Bytes by which a name is found that does not begin with a word.
  private static let keyLength = 3

  /// Names that begin with a word, by the hash of that word: where the name occurs as a word, its
  /// first word is one of the text's.
  private var byWord: [UInt64: [Entry]] = [:]
  /// The others by the hash of their first bytes.
  private var byPrefix: [UInt64: [Entry]] = [:]
  /// Those that are shorter than the key.
  private var short: [Entry] = []

  /// - Parameter name: folded; an empty one is never found.
  mutating func insert(_ name: [UInt8], _ kind: Kind, of user: UserID) {
    let entry = Entry(user: user, kind: kind, name: name)
    switch Self.key(of: name) {
    case .word(let hash): byWord[hash, default: []].append(entry)
    case .prefix(let hash): byPrefix[hash, default: []].append(entry)
    case .short: short.append(entry)
    case nil: break
    }
  }

  mutating func remove(_ name: [UInt8], _ kind: Kind, of user: UserID) {
    func isRemoved(_ entry: Entry) -> Bool { entry.user == user && entry.kind == kind }
    switch Self.key(of: name) {
    case .word(let hash):
      byWord[hash]?.removeAll(where: isRemoved)
      if byWord[hash]?.isEmpty == true { byWord[hash] = nil }
    case .prefix(let hash):
      byPrefix[hash]?.removeAll(where: isRemoved)
      if byPrefix[hash]?.isEmpty == true { byPrefix[hash] = nil }
    case .short: short.removeAll(where: isRemoved)
    case nil: break
    }
  }

  /// - Parameter text: folded.
  func hits(in text: [UInt8]) -> Set<Hit> {
    var hits: Set<Hit> = []
    var offset = 0
    while offset < text.count {
      if FoldedText.isWord(text[offset]) {
        let end = Self.endOfWord(text, from: offset)
        collect(byWord[Self.hash(text[offset..<end])], at: offset, in: text, into: &hits)
        offset = end
      } else {
        if !byPrefix.isEmpty, offset + Self.keyLength <= text.count {
          let key = Self.hash(text[offset..<offset + Self.keyLength])
          collect(byPrefix[key], at: offset, in: text, into: &hits)
        }
        if !short.isEmpty { collect(short, at: offset, in: text, into: &hits) }
        offset += 1
      }
    }
    return hits
  }

  /// Whether the text contains this one name as a word.
  static func contains(_ name: [UInt8], in text: [UInt8]) -> Bool {
    guard !name.isEmpty, text.count >= name.count else { return false }
    for offset in 0...(text.count - name.count)
    where text[offset] == name[0] && isHere(name, at: offset, in: text) {
      return true
    }
    return false
  }

  private func collect(
    _ entries: [Entry]?, at offset: Int, in text: [UInt8], into hits: inout Set<Hit>
  ) {
    for entry in entries ?? [] where Self.isHere(entry.name, at: offset, in: text) {
      hits.insert(Hit(user: entry.user, kind: entry.kind))
    }
  }

  private static func isHere(_ name: [UInt8], at offset: Int, in text: [UInt8]) -> Bool {
    let end = offset + name.count
    guard end <= text.count, FoldedText.isBoundary(text, offset),
      FoldedText.isBoundary(text, end)
    else { return false }
    return text[offset..<end].elementsEqual(name)
  }

  private enum Key {
    case word(UInt64)
    case prefix(UInt64)
    case short
  }

  private static func key(of name: [UInt8]) -> Key? {
    guard let first = name.first else { return nil }
    if FoldedText.isWord(first) { return .word(hash(name[..<endOfWord(name, from: 0)])) }
    return name.count < keyLength ? .short : .prefix(hash(name[..<keyLength]))
  }

  private static func endOfWord(_ text: [UInt8], from start: Int) -> Int {
    var end = start
    while end < text.count, FoldedText.isWord(text[end]) { end += 1 }
    return end
  }

  /// FNV-1a. Who makes names collide makes nothing slower than a look at all names would be.
  private static func hash(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    return hash
  }
}
