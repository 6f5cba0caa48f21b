import Glibc
import NIOPosix

package enum BlockingPoolError: Error, Sendable {
  /// More work waits than the pool's limit; the caller should answer "try again later".
  case overloaded
}

/// A bounded set of threads for what blocks or computes for long (password hashes, file and
/// name look-ups). Work that runs here never delays the event loop.
package final class BlockingPool: Sendable {
  private let threads: NIOThreadPool
  private let waiting: WaitingCount

  /// - Parameter queueLimit: how many jobs may be waiting or running before `run` refuses.
  package init(threads count: Int, queueLimit: Int) {
    threads = NIOThreadPool(numberOfThreads: count)
    threads.start()
    waiting = WaitingCount(limit: queueLimit)
  }

  /// Runs `work` on one of the pool's threads.
  /// - Throws: `BlockingPoolError.overloaded`, or what `work` throws.
  package func run<Value: Sendable>(
    _ work: @escaping @Sendable () throws -> Value
  ) async throws -> Value {
    guard waiting.enter() else { throw BlockingPoolError.overloaded }
    defer { waiting.leave() }
    return try await threads.runIfActive(work)
  }

  package func shutdown() async {
    try? await threads.shutdownGracefully()
  }
}
