/// What a proxy must know of one endpoint.
package struct RouteSummary: Sendable, Hashable {
  /// What requests must have in common to be sent to the same worker.
  package enum Balancing: String, Sendable, Hashable, CaseIterable {
    case user, room, origin, none
  }

  package let methods: [String]
  /// Anchored regular expressions over the decoded path, as `RoutePattern.regex` makes them.
  package let pathRegexes: [String]
  package let balancing: Balancing
  package let servedBy: Set<WorkerRole>

  package init(
    methods: [String], pathRegexes: [String], balancing: Balancing, servedBy: Set<WorkerRole>
  ) {
    self.methods = methods
    self.pathRegexes = pathRegexes
    self.balancing = balancing
    self.servedBy = servedBy
  }

  /// - Parameter patterns: paths with `{parameter}` segments, as routes are registered.
  package init(
    method: String, patterns: [String], balancing: Balancing, servedBy: Set<WorkerRole>
  ) {
    self.init(
      methods: [method], pathRegexes: patterns.map { RoutePattern.regex($0) },
      balancing: balancing, servedBy: servedBy)
  }
}

/// Turns the path patterns of the route registry into regular expressions.
package enum RoutePattern {
  /// nginx variable that holds the room of a request.
  static let roomVariable = "apus_room"

  /// `/rooms/{roomId}/send/{type}` becomes `^/rooms/(?<apus_room>[^/]*)/send/[^/]*$`. The first
  /// parameter that names a room is captured.
  package static func regex(_ pattern: String) -> String {
    var captured = false
    let segments = pattern.split(separator: "/", omittingEmptySubsequences: false).map { segment in
      guard segment.hasPrefix("{"), segment.hasSuffix("}") else { return escape(segment) }
      if !captured, segment.lowercased().hasPrefix("{room") {
        captured = true
        return "(?<\(roomVariable)>[^/]*)"
      }
      return "[^/]*"
    }
    return "^" + segments.joined(separator: "/") + "$"
  }

  private static func escape(_ segment: Substring) -> String {
    var text = ""
    for character in segment {
      if "\\.+*?()[]{}|^$\"".contains(character) { text += "\\" }
      text.append(character)
    }
    return text
  }
}
