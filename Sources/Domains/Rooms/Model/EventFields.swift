import MatrixJSON
import PushRules

/// The properties of events that a client wants, as a tree: `["content.body", "type"]` is `content`
/// with `body` under it, and `type`.
/// spec: client-server-api#post_matrixclientv3useruseridfilter (`event_fields`)
package struct EventFields: Sendable, Hashable {
  /// Paths in one filter, and names in one path. More fields than were asked for may be told, so a
  /// longer path is cut.
  static let pathLimit = 200
  static let depthLimit = 8

  /// The wanted members; empty in a property that is wanted whole.
  private var members: [String: EventFields] = [:]

  /// - Parameter texts: dot-separated paths.
  init(_ texts: [String]) {
    for text in texts {
      guard let path = PropertyPath(text) else { continue }
      insert(path.names.prefix(Self.depthLimit))
    }
  }

  private init() {}

  private mutating func insert(_ path: ArraySlice<String>) {
    guard let first = path.first else {
      members = [:]
      return
    }
    let isKnown = members[first] != nil
    // A property that is wanted whole stays so.
    if isKnown, members[first]?.members.isEmpty == true { return }
    members[first, default: EventFields()].insert(path.dropFirst())
  }

  /// Writes what is wanted of one member, if anything is.
  /// - Parameter evenIfEmpty: as an object without members, if nothing is.
  func write(
    _ key: String, _ value: JSONView, evenIfEmpty: Bool = false, to writer: inout JSONWriter
  ) {
    guard let wanted = members[key], wanted.members.isEmpty || wanted.selectsAnything(of: value)
    else {
      guard evenIfEmpty else { return }
      writer.key(key)
      writer.beginObject()
      return writer.endObject()
    }
    writer.key(key)
    guard !wanted.members.isEmpty else { return writer.value(value) }
    writer.beginObject()
    for (key, value) in value.members { wanted.write(key, value, to: &writer) }
    writer.endObject()
  }

  private func selectsAnything(of object: JSONView) -> Bool {
    object.members.contains { key, value in
      guard let wanted = members[key] else { return false }
      return wanted.members.isEmpty || wanted.selectsAnything(of: value)
    }
  }
}
