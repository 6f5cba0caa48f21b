package import MatrixJSON

/// An object within a filter, with its name, so that a value of the wrong kind can be named.
package struct FilterPart: Sendable {
  private let json: JSONView
  private let name: String

  /// - Parameter name: where the object is in the filter; empty for the filter itself.
  package init(_ json: JSONView, named name: String = "") throws(EventFilter.Problem) {
    guard json.kind == .object else {
      throw .malformed(name.isEmpty ? "the filter" : name)
    }
    self.json = json
    self.name = name
  }

  package func part(_ key: String) throws(EventFilter.Problem) -> FilterPart? {
    guard let value = json[key] else { return nil }
    return try FilterPart(value, named: path(key))
  }

  package func flag(_ key: String) throws(EventFilter.Problem) -> Bool? {
    guard let value = json[key] else { return nil }
    guard let flag = value.bool else { throw .malformed(path(key)) }
    return flag
  }

  /// A number of things: an integer that is not negative.
  package func count(_ key: String) throws(EventFilter.Problem) -> Int? {
    guard let value = json[key] else { return nil }
    guard let count = value.integer, count >= 0 else { throw .malformed(path(key)) }
    return Int(count)
  }

  package func strings(_ key: String) throws(EventFilter.Problem) -> [String]? {
    guard let value = json[key] else { return nil }
    guard value.kind == .array else { throw .malformed(path(key)) }
    var strings: [String] = []
    for element in value.elements {
      guard let string = element.string else { throw .malformed(path(key)) }
      strings.append(string)
    }
    return strings
  }

  /// The name of a member, as clients are told of it.
  func path(_ key: String) -> String {
    name.isEmpty ? key : "\(name).\(key)"
  }
}
