/// A tree of values for building content. Not for hot paths: those use `JSONView` and `JSONWriter`.
///
/// Keys of objects are Swift strings, which are equal when they are canonically equivalent: of two
/// keys that differ only in normalisation one is lost. Events that others sent are therefore
/// hashed and stored from their views, never from trees.
package enum JSON: Sendable, Hashable {
  case null
  case bool(Bool)
  case integer(Int64)
  case double(Double)
  case string(String)
  case array([JSON])
  case object([String: JSON])

  /// A number that is no integer in ±(2^53-1) becomes a double. Of repeated keys the last counts.
  package init(_ view: JSONView) {
    switch view.kind {
    case .null: self = .null
    case .bool: self = .bool(view.bool ?? false)
    case .number: self = view.integer.map(JSON.integer) ?? .double(view.double ?? 0)
    case .string: self = .string(view.string ?? "")
    case .array: self = .array(view.elements.map(JSON.init))
    case .object:
      self = .object(
        Dictionary(view.members.lazy.map { ($0.key, JSON($0.value)) }) { _, last in last })
    }
  }

  /// Reads nil when this is no object or has no such key. Setting nil removes the key; setting a
  /// value turns what is no object into one.
  package subscript(_ key: String) -> JSON? {
    get { object?[key] }
    set {
      var members = object ?? [:]
      if newValue == nil, object == nil { return }
      self = .null
      members[key] = newValue
      self = .object(members)
    }
  }

  package var isNull: Bool {
    self == .null
  }

  package var bool: Bool? {
    if case .bool(let value) = self { value } else { nil }
  }

  package var integer: Int64? {
    if case .integer(let value) = self { value } else { nil }
  }

  /// Of both kinds of numbers.
  package var double: Double? {
    switch self {
    case .double(let value): value
    case .integer(let value): Double(value)
    default: nil
    }
  }

  package var string: String? {
    if case .string(let value) = self { value } else { nil }
  }

  package var array: [JSON]? {
    if case .array(let elements) = self { elements } else { nil }
  }

  package var object: [String: JSON]? {
    if case .object(let members) = self { members } else { nil }
  }
}
