/// Where in which file something stands; lines count from 1.
package struct SourceLocation: Sendable, Hashable, CustomStringConvertible {
  package let file: String
  package let line: Int

  package init(file: String, line: Int) {
    self.file = file
    self.line = line
  }

  package var description: String { "\(file):\(line)" }
}

/// A value of a YAML document with the place that it came from, so that every complaint about
/// it can name a line.
package struct YAMLNode: Sendable {
  package enum Value: Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    case double(Double)
    case string(String)
    case sequence([YAMLNode])
    case mapping([Member])
  }

  package struct Member: Sendable {
    package let key: String
    package let location: SourceLocation
    package let value: YAMLNode
  }

  package let value: Value
  package let location: SourceLocation

  package var isNull: Bool {
    if case .null = value { true } else { false }
  }

  /// Nothing, no, or an empty list or mapping.
  package var isOff: Bool {
    switch value {
    case .null, .bool(false): true
    case .sequence(let elements): elements.isEmpty
    case .mapping(let members): members.isEmpty
    case .bool, .integer, .double, .string: false
    }
  }

  package var members: [Member]? {
    if case .mapping(let members) = value { members } else { nil }
  }

  package var elements: [YAMLNode]? {
    if case .sequence(let elements) = value { elements } else { nil }
  }

  /// The last member of that name: of two equal keys YAML parsers keep the later.
  package subscript(_ key: String) -> YAMLNode? {
    members?.last { $0.key == key }?.value
  }

  package var string: String? {
    if case .string(let text) = value { text } else { nil }
  }

  /// What this is, in the words of an error message.
  package var kindName: String {
    switch value {
    case .null: "nothing"
    case .bool: "true/false"
    case .integer: "a whole number"
    case .double: "a number"
    case .string: "text"
    case .sequence: "a list"
    case .mapping: "a mapping"
    }
  }
}
