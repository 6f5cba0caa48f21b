/// A value inside a document. Copies are cheap; text is copied only when it is asked for.
///
/// Keys and strings are compared by their bytes, never by Unicode equivalence.
package struct JSONView: Sendable {
  package enum Kind: UInt8, Sendable {
    case null, bool, number, string, array, object
  }

  let storage: JSONStorage
  private let position: Int32

  init(storage: JSONStorage, index: Int) {
    self.storage = storage
    position = Int32(truncatingIfNeeded: index)
  }

  var index: Int {
    Int(position)
  }

  var entry: TapeEntry {
    storage.tape[index]
  }

  package var kind: Kind {
    entry.kind
  }

  /// The source text of this value, for splicing.
  package var rawBytes: ArraySlice<UInt8> {
    storage.bytes[entry.range]
  }

  /// True when `rawBytes` is the canonical JSON of this value.
  package var isCanonical: Bool {
    entry.flags.contains(.canonical)
  }

  /// The value of a key. Nil when there is none or this is no object. Takes time linear in the
  /// members, yet makes no string.
  package subscript(_ key: String) -> JSONView? {
    find(key).map { JSONView(storage: storage, index: $0 + 1) }
  }

  /// Nil when there is no such element or this is no array. Takes time linear in the index: use
  /// `elements` in loops.
  package subscript(_ position: Int) -> JSONView? {
    guard kind == .array, position >= 0, position < count else { return nil }
    var element = index + 1
    for _ in 0..<position { element = Int(storage.tape[element].next) }
    return JSONView(storage: storage, index: element)
  }

  /// Elements of an array or members of an object, repeated keys counted each; 0 for others.
  package var count: Int {
    Int(entry.count)
  }

  /// Members in the order of the text, of a repeated key each; empty when this is no object.
  package var members: JSONMembers {
    JSONMembers(keyed: keyedViews)
  }

  /// As `members`, but with the keys as views, so that no string is made.
  package var keyedViews: JSONKeyedViews {
    JSONKeyedViews(children: JSONElements(self, of: .object))
  }

  /// Empty when this is no array.
  package var elements: JSONElements {
    JSONElements(self, of: .array)
  }

  /// The index on the tape of the key that counts: the last of equal ones.
  func find(_ key: String) -> Int? {
    var key = key
    return key.withUTF8 { find($0) }
  }

  private func find(_ key: UnsafeBufferPointer<UInt8>) -> Int? {
    let object = entry
    guard object.kind == .object else { return nil }
    let isUnique = storage.hasUniqueKeys || object.flags.contains(.sorted)
    var found: Int?
    var index = index + 1
    while index < object.next {
      if textEquals(storage.tape[index], key) {
        found = index
        if isUnique { break }
      }
      index = Int(storage.tape[index + 1].next)
    }
    return found
  }
}
