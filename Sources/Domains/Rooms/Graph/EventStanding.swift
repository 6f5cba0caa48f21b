/// What the server holds an event for. `accepted` is stored as NULL, so that the events of which
/// there are many have nothing to store.
///
/// spec: server-server-api#rejection, server-server-api#soft-failure
package enum EventStanding: Int64, Sendable, CaseIterable {
  /// Part of the room's history, told to clients.
  case accepted = 0
  /// Known only because others cite it: its own place in the room is not known.
  case outlier = 1
  /// Allowed where it stands but not by what the room has come to. Counts in state resolution;
  /// clients are not told of it and nothing new is built on it.
  case softFailed = 2
  /// Not allowed where it stands. Counts for nothing.
  case rejected = 3
  /// Not allowed by what it cites; its own place in the room is not known.
  case rejectedOutlier = 4
  /// A redaction that takes no effect, as what it redacts is not here or not its sender's to
  /// redact. Part of the room's history like what is accepted, but clients are not told of it.
  ///
  /// spec: rooms/v3#handling-redactions
  case withheld = 5

  package var isRejected: Bool { self == .rejected || self == .rejectedOutlier }
  package var isOutlier: Bool { self == .outlier || self == .rejectedOutlier }
  /// Whether what comes after it can be told from it: an outlier's place is not known.
  package var hasPlace: Bool { !isOutlier }

  /// Whether what is new may be built on it.
  package var isHistory: Bool { self == .accepted || self == .withheld }

  /// The same of a row, as SQL.
  static func isHistory(_ column: String) -> String {
    "(\(column) IS NULL OR \(column) = \(withheld.rawValue))"
  }

  /// Whether a row counts in the room, as SQL: what is accepted, whether told to clients or not.
  static func counts(_ column: String) -> String {
    "(\(column) IS NULL OR \(column) IN (\(softFailed.rawValue), \(withheld.rawValue)))"
  }

  var stored: Int64? { self == .accepted ? nil : rawValue }

  init(stored: Int64?) {
    self = stored.flatMap { EventStanding(rawValue: $0) } ?? .accepted
  }
}
