/// The members of an object as text, for putting content together from what others sent: unlike a
/// tree of values it keeps keys apart that are only canonically equivalent, inside its values too.
package struct JSONObject: Sendable, ExpressibleByDictionaryLiteral {
  /// By the bytes of their keys.
  private var members: [[UInt8]: [UInt8]] = [:]

  package init() {}

  /// Empty when the value is no object. Of repeated keys the last counts.
  package init(_ view: JSONView) {
    for (key, value) in view.members { members[Array(key.utf8)] = Array(value.rawBytes) }
  }

  /// Of repeated keys the last counts.
  package init(dictionaryLiteral elements: (String, JSON)...) {
    for (key, value) in elements { self[key] = value }
  }

  /// Setting nil removes the key.
  package subscript(_ key: String) -> JSON? {
    get { members[Array(key.utf8)].flatMap { try? JSON(JSONDocument($0).root) } }
    set { members[Array(key.utf8)] = newValue?.bytes }
  }

  package mutating func set(_ key: String, to object: JSONObject) {
    members[Array(key.utf8)] = object.bytes
  }

  /// Takes what the other has in place of members with the same keys.
  package mutating func merge(_ other: JSONObject) {
    members.merge(other.members) { $1 }
  }

  /// Keys in the order of their code points; values as they were given.
  package var bytes: [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    for (key, value) in members.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
      writer.key(String(decoding: key, as: UTF8.self))
      writer.raw(value)
    }
    writer.endObject()
    return writer.bytes
  }
}
