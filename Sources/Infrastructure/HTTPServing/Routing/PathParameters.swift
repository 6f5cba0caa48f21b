/// The decoded segments that a pattern's names took, in the order of the path.
struct PathParameters: Sendable {
  private let names: [String]
  private let values: [String]

  static let none = PathParameters(names: [], values: [])

  init(names: [String], values: [String]) {
    self.names = names
    self.values = values
  }

  init(_ pairs: [(String, String)]) {
    names = pairs.map(\.0)
    values = pairs.map(\.1)
  }

  subscript(_ name: String) -> String? {
    guard let index = names.firstIndex(of: name), index < values.count else { return nil }
    return values[index]
  }

  var all: [(name: String, value: String)] {
    zip(names, values).map { (name: $0, value: $1) }
  }
}
