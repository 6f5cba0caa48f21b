/// What is fed with arbitrary bytes. Each input is either refused or what is made of it keeps the
/// promises that are checked here; none may crash.
package enum FuzzTarget: String, CaseIterable, Sendable {
  case json
  case events
  case ids

  /// - Throws: `BrokenPromise`.
  package func check(_ input: [UInt8]) throws {
    switch self {
    case .json: try checkJSON(input)
    case .events: try checkEvent(input)
    case .ids: try checkIdentifiers(input)
    }
  }
}

package struct BrokenPromise: Error, CustomStringConvertible {
  package let description: String
}

func promise(_ holds: Bool, _ what: @autoclosure () -> String) throws {
  if !holds { throw BrokenPromise(description: what()) }
}
