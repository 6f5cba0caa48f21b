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
  /// How long an answer may be held back until there is news.
  package let longestWait: Duration
  package let servedBy: Set<WorkerRole>

  package init(
    methods: [String], pathRegexes: [String], balancing: Balancing,
    longestWait: Duration = .zero, servedBy: Set<WorkerRole>
  ) {
    self.methods = methods
    self.pathRegexes = pathRegexes
    self.balancing = balancing
    self.longestWait = longestWait
    self.servedBy = servedBy
  }

  /// - Parameter patterns: paths with `{parameter}` segments, as routes are registered.
  package init(
    method: String, patterns: [String], balancing: Balancing, longestWait: Duration = .zero,
    servedBy: Set<WorkerRole>
  ) {
    self.init(
      methods: [method], pathRegexes: RoutePattern.regexes(patterns), balancing: balancing,
      longestWait: longestWait, servedBy: servedBy)
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

  /// Patterns that differ in one fixed segment, such as the API's version, become one
  /// expression: a proxy tries expressions one after the other.
  package static func regexes(_ patterns: [String]) -> [String] {
    var merged: [[String]] = []
    for pattern in patterns {
      let parts = regex(pattern).split(separator: "/", omittingEmptySubsequences: false)
        .map(String.init)
      if let last = merged.indices.last, let place = onlyDifference(merged[last], parts) {
        merged[last][place] = joined(merged[last][place], parts[place])
      } else {
        merged.append(parts)
      }
    }
    return merged.map { $0.joined(separator: "/") }
  }

  private static func onlyDifference(_ left: [String], _ right: [String]) -> Int? {
    guard left.count == right.count else { return nil }
    let places = left.indices.filter { left[$0] != right[$0] }
    guard places.count == 1, isFixed(right[places[0]]), isFixed(left[places[0]]) else { return nil }
    return places[0]
  }

  /// Neither a parameter nor an end of the expression.
  private static func isFixed(_ part: String) -> Bool {
    part.hasPrefix(alternatives)
      || !part.isEmpty && !"[(^".contains(part.prefix(1)) && !part.hasSuffix("$")
  }

  private static let alternatives = "(?:"

  private static func joined(_ left: String, _ right: String) -> String {
    let known =
      left.hasPrefix(alternatives) ? String(left.dropFirst(alternatives.count).dropLast()) : left
    return "\(alternatives)\(known)|\(right))"
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
