import MatrixIdentifiers
import MatrixJSON

/// The place of a property in an event.
///
/// spec: appendices#dot-separated-property-paths
package struct PropertyPath: Sendable, Equatable {
  /// Objects inside each other that a path may go through.
  static let depthLimit = 64

  package let names: [String]

  /// Nil when the path is too long to be one of an event.
  package init?(_ text: String) {
    var names: [String] = []
    var name = String.UnicodeScalarView()
    var isEscaped = false
    for scalar in text.unicodeScalars {
      if isEscaped {
        if scalar != "." && scalar != "\\" { name.append("\\") }
        name.append(scalar)
        isEscaped = false
      } else if scalar == "\\" {
        isEscaped = true
      } else if scalar == "." {
        names.append(String(name))
        name = String.UnicodeScalarView()
      } else {
        name.append(scalar)
      }
    }
    if isEscaped { name.append("\\") }
    names.append(String(name))
    guard names.count <= Self.depthLimit else { return nil }
    self.names = names
  }

  func value(in view: JSONView) -> JSONView? {
    var view = view
    for name in names {
      guard let inner = view[name] else { return nil }
      view = inner
    }
    return view
  }

  /// Whether this is the place of a property of the event itself.
  func isTop(_ name: String) -> Bool {
    names.count == 1 && names.first.map { sameBytes($0, name) } == true
  }

  var isBody: Bool {
    names.count == 2 && sameBytes(names[0], "content") && sameBytes(names[1], "body")
  }
}
