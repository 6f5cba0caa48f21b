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
