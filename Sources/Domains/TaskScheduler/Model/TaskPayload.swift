package import MatrixJSON

/// What a task is given, and what it remembers: a JSON object that outlives its process, and
/// this version of the program.
package protocol TaskPayload: Sendable {
  /// - Throws: when the object was written by somebody who means something else.
  init(_ json: JSONView) throws

  var json: JSON { get }
}

/// For actions that take their objects as they are.
extension JSON: TaskPayload {
  package var json: JSON { self }
}

/// For actions that need nothing, or have nothing to remember.
package struct NoPayload: TaskPayload, Equatable {
  package init() {}

  package init(_ json: JSONView) {}

  package var json: JSON { .object([:]) }
}
