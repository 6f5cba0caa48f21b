package import Executors
import NIOPosix

/// The event loop that tests share, as a process of the server has one.
package enum TestLoop {
  private static let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

  package static let executor = LoopExecutor(loop: group.next())

  /// Runs `body` as the server runs its tasks: on the loop.
  package static func run<Value: Sendable>(
    _ body: @Sendable () async throws -> Value
  ) async rethrows -> Value {
    try await withTaskExecutorPreference(executor) { try await body() }
  }
}
