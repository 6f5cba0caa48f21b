package import Logging
import Synchronization

/// The threshold of a process's loggers, which may change while it runs.
package final class LogLevels: Sendable {
  private let index: Atomic<Int>

  package init(_ level: Logger.Level) {
    index = Atomic(Self.position(of: level))
  }

  package var current: Logger.Level {
    get { Logger.Level.allCases[index.load(ordering: .relaxed)] }
    set { index.store(Self.position(of: newValue), ordering: .relaxed) }
  }

  private static func position(of level: Logger.Level) -> Int {
    Logger.Level.allCases.firstIndex(of: level) ?? 0
  }
}
