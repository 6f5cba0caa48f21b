package import MatrixIdentifiers

/// Why the states of forks could not be brought together.
package enum ResolutionError: Error, Sendable, Equatable {
  /// These events are needed and were neither given nor said to be unobtainable. In order of
  /// their ids. Once they are given, others may turn out to be needed.
  case missingEvents([EventID])
  /// Events cite each other in a circle, which the ids of the first room versions do not rule
  /// out.
  case authCycle
  /// The event is of another room than the others.
  case otherRoom(EventID)
  case tooLarge(ResolutionLimit)
}

/// Bounds on the work of one resolution.
package enum ResolutionLimit: Sendable, Equatable {
  case fullConflictedSet
  case authGraph

  /// In events.
  package var maximum: Int {
    switch self {
    case .fullConflictedSet: 100_000
    case .authGraph: 2_000_000
    }
  }

  func check(_ count: Int) throws(ResolutionError) {
    guard count <= maximum else { throw .tooLarge(self) }
  }
}
