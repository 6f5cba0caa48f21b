package import Streams

/// A place between two events of a room's history, as clients name it: `t<position>` from
/// history itself, or a sync token (`s<vector>`, more parts after `_`).
package enum HistoryToken: Sendable, Hashable {
  /// After every event up to and including this position.
  case position(Int64)
  case stream(VectorToken)

  package init?(_ text: String) {
    switch text.first {
    case "t":
      guard let position = Int64(text.dropFirst()) else { return nil }
      self = .position(position)
    case "s":
      let vector = text.dropFirst().prefix { $0 != "_" }
      guard let token = VectorToken(String(vector)) else { return nil }
      self = .stream(token)
    default:
      return nil
    }
  }

  package var text: String {
    switch self {
    case .position(let position): "t\(position)"
    case .stream(let token): "s\(token.description)"
    }
  }

  /// Whether the event lies before this place.
  package func covers(_ stored: StoredEvent) -> Bool {
    switch self {
    case .position(let position): stored.streamOrdering <= position
    case .stream(let token): token.covers(stored.writer, stored.streamOrdering)
    }
  }

  /// No event covered by this token has a greater position.
  package var upperBound: Int64 {
    switch self {
    case .position(let position): position
    case .stream(let token): token.maximum
    }
  }

  /// Every event with a position up to this one is covered.
  package var lowerBound: Int64 {
    switch self {
    case .position(let position): position
    case .stream(let token): token.minimum
    }
  }
}
