package import NIOCore

/// Runs a process's tasks on its one event loop, so that a request goes from socket to database
/// and back without changing threads.
package final class LoopExecutor: TaskExecutor {
  package let loop: any EventLoop

  package init(loop: any EventLoop) {
    self.loop = loop
  }

  package func enqueue(_ job: consuming ExecutorJob) {
    let unowned = UnownedJob(job)
    let executor = asUnownedTaskExecutor()
    loop.execute { unowned.runSynchronously(on: executor) }
  }
}

extension LoopExecutor {
  /// Work that has been put off and can still be called off.
  package struct Scheduled: Sendable {
    fileprivate let task: NIOCore.Scheduled<Void>

    package func cancel() {
      task.cancel()
    }
  }

  /// Runs `work` on the loop after a delay; far cheaper than a sleeping task.
  package func schedule(
    after delay: Duration, _ work: @escaping @Sendable () -> Void
  ) -> Scheduled {
    Scheduled(task: loop.scheduleTask(in: TimeAmount(delay), work))
  }
}
