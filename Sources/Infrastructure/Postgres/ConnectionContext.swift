import Executors
import Logging
import NIOCore

/// What it takes to open and use connections; the same for all of one database.
struct ConnectionContext: Sendable {
  let connector: Connector
  /// An attempt costs a server that is recovering a process, so one connection tries for all.
  let reconnectPause = RetryPause()
  let readiness: Readiness
  let timers: StatementTimers
  let executor: LoopExecutor
  let logger: Logger

  var loop: any EventLoop { executor.loop }

  /// Runs `work` on the loop, at once when already there.
  func onLoop(_ work: @escaping @Sendable () -> Void) {
    if loop.inEventLoop { work() } else { loop.execute(work) }
  }

  /// Opens a connection, which is not yet attached.
  func connect() async throws -> Wire {
    let opened = try await connector.open()
    reconnectPause.end()
    return Wire(opened, readiness: readiness, timers: timers, loop: loop)
  }

  /// Closes `wire` and returns when that is done.
  func finish(_ wire: Wire) async {
    await withCheckedContinuation { continuation in
      onLoop {
        wire.close()
        continuation.resume()
      }
    }
  }

  /// Waits, also in a cancelled task.
  func pause(_ duration: Duration) async {
    await withCheckedContinuation { continuation in
      _ = loop.scheduleTask(in: duration.amount) { continuation.resume() }
    }
  }
}

extension Duration {
  var amount: TimeAmount { .milliseconds(milliseconds) }
}

extension PostgresError {
  static func tooMuchWork(_ what: String) -> PostgresError {
    PostgresError(.overloaded, "too many \(what)")
  }
}
