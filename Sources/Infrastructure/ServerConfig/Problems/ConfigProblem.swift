/// Something that is wrong with the configuration, in the terms of the person who wrote it.
package struct ConfigProblem: Sendable, Hashable, CustomStringConvertible {
  package enum Severity: String, Sendable, Hashable {
    /// The server does not start.
    case error
    /// The server starts; something is probably not what was meant.
    case warning
  }

  package let severity: Severity
  /// The keys that are at odds, as paths such as `listeners[0].port`; Postgres's own settings
  /// carry the prefix `postgres:`.
  package let keys: [String]
  package let message: String
  package let fix: String?
  package let location: SourceLocation?

  package init(
    _ severity: Severity, _ keys: [String], _ message: String, fix: String? = nil,
    at location: SourceLocation? = nil
  ) {
    self.severity = severity
    self.keys = keys
    self.message = message
    self.fix = fix
    self.location = location
  }

  /// Several lines for people. Values of secrets are never in a problem's text.
  package var description: String {
    var lines = ["\(severity.rawValue): \(keys.joined(separator: ", "))"]
    if let location { lines[0] += " (\(location))" }
    lines.append("  \(message)")
    if let fix { lines.append("  Fix: \(fix)") }
    return lines.joined(separator: "\n")
  }
}

/// The configuration cannot be used. Holds the warnings too, as they often explain the errors.
package struct ConfigFailure: Error, Sendable, CustomStringConvertible {
  package let problems: [ConfigProblem]

  package init(_ problems: [ConfigProblem]) {
    self.problems = problems
  }

  package var description: String { problems.report() }
}

extension [ConfigProblem] {
  package var errors: [ConfigProblem] { filter { $0.severity == .error } }
  package var warnings: [ConfigProblem] { filter { $0.severity == .warning } }

  /// Errors first, each problem once.
  package func report() -> String {
    var seen: Set<ConfigProblem> = []
    let unique = (errors + warnings).filter { seen.insert($0).inserted }
    return unique.map(\.description).joined(separator: "\n\n")
  }
}

/// Collects problems while a configuration is read, so that all are shown at once.
final class ProblemList {
  private(set) var all: [ConfigProblem] = []

  func error(
    _ keys: String..., at location: SourceLocation?, _ message: String, fix: String? = nil
  ) {
    all.append(ConfigProblem(.error, keys, message, fix: fix, at: location))
  }

  func warning(
    _ keys: String..., at location: SourceLocation?, _ message: String, fix: String? = nil
  ) {
    all.append(ConfigProblem(.warning, keys, message, fix: fix, at: location))
  }

  func add(_ problems: [ConfigProblem]) {
    all += problems
  }
}
