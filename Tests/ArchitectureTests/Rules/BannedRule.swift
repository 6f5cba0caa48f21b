/// Constructs that have a better replacement here, each with the reason.
enum BannedRule {
  struct Ban: Sendable {
    let name: String
    let pattern: String
    let reason: String
    /// Paths that start so may use it.
    let except: [String]
    /// Looked for in comments and strings as well.
    let inComments: Bool
    /// Words of which a file has one where the pattern matches: they spare most searches.
    let hints: [String]

    init(
      _ name: String, _ pattern: String, _ reason: String, except: [String] = [],
      inComments: Bool = false, hints: [String]? = nil
    ) {
      self.name = name
      self.pattern = pattern
      self.reason = reason
      self.except = except
      self.inComments = inComments
      self.hints = hints ?? [name]
    }
  }

  /// Files that hold C objects, which the compiler cannot check.
  static let adapters = [
    "Sources/Infrastructure/Postgres/Rows.swift",
    "Sources/Infrastructure/Postgres/Connector.swift",
    "Sources/Infrastructure/Postgres/Wire.swift",
    "Sources/Infrastructure/Postgres/BlockingSession.swift",
    "Sources/Values/MatrixCrypto/EVPKey.swift",
    "Sources/Values/MatrixCrypto/Digests.swift",
  ]

  static let bans: [Ban] = [
    Ban("try!", #"\btry!"#, "input must not end the process: handle the error, or rethrow it"),
    Ban("as!", #"\bas!"#, "input must not end the process: use `as?` and handle nil"),
    Ban(
      "fatalError", #"\b(fatalError|preconditionFailure)\s*\("#,
      "input must not end the process: throw an error",
      hints: ["fatalError", "preconditionFailure"]),
    Ban(
      "Task.detached", #"\bTask\.detached\b"#,
      "it leaves the process's loop: `Task(executorPreference:)` in a shell that awaits it"),
    Ban(
      "Task without an executor", #"(^|[^.\w])Task\s*(<[^>]*>)?\s*(\{|\(\s*(priority|name)\s*:)"#,
      "unstructured tasks do not inherit the loop: `Task(executorPreference:)` in a shell that "
        + "owns and awaits it, or a task group", hints: ["Task"]),
    Ban(
      "@unchecked Sendable", #"@unchecked\s+Sendable"#,
      "use `Mutex` in a final class, or an actor; only adapters of C libraries may",
      except: adapters, hints: ["@unchecked"]),
    Ban(
      "nonisolated(unsafe)", #"nonisolated\(unsafe\)"#, "use `Mutex`, or an actor", except: adapters
    ),
    Ban(
      "Foundation", #"\bimport\s+Foundation\w*"#,
      "it costs every process memory and start-up time: use Glibc or the lower modules",
      hints: ["Foundation"]),
    Ban(
      "print", #"(^|[^.\w])(print|debugPrint|dump)\("#,
      "servers log: use the logger", except: ["Sources/Executables/"], hints: ["print", "dump"]),
    Ban(
      "TODO", #"\b(TODO|FIXME|XXX)\b"#, "finish it, or leave it out", inComments: true,
      hints: ["TODO", "FIXME", "XXX"]),
    Ban(
      "blocking sleep", #"\bThread\.sleep|(^|[^.\w])(usleep|nanosleep|sleep)\s*\("#,
      "it stops the loop: `Task.sleep`, or wait for the condition", hints: ["sleep"]),
    Ban(
      "DispatchQueue", #"\bDispatch(Queue|Semaphore|Group)\b"#,
      "work runs on the process's loop, or on a `BlockingPool`", hints: ["Dispatch"]),
    Ban(
      "@preconcurrency", #"@preconcurrency\b"#,
      "it hides data races: make the type Sendable, or confine it to the loop"),
  ]

  static func violations(in file: SourceFile, bans: [Ban] = bans) -> [Violation] {
    guard !file.isTest else { return [] }
    return bans.flatMap { ban -> [Violation] in
      if ban.except.contains(where: file.path.hasPrefix) { return [] }
      let text = ban.inComments ? file.text : file.code
      guard ban.hints.contains(where: text.contains) else { return [] }
      guard let pattern = try? Regex(ban.pattern) else {
        return [Violation(path: file.path, line: 1, message: "the rule \(ban.name) is broken")]
      }
      let whole = pattern.wordBoundaryKind(.simple)
      return text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
        .filter { $0.element.firstMatch(of: whole) != nil }
        .map { index, _ in
          Violation(path: file.path, line: index + 1, message: "\(ban.name): \(ban.reason)")
        }
    }
  }
}
