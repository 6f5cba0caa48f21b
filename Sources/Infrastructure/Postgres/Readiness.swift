import CLinux
import Glibc
import NIOCore
import Synchronization

/// Tells the event loop when libpq's sockets can be read or written. NIO cannot watch a socket
/// without reading it, so one thread waits with epoll and hands the news to the loop.
///
/// Each watch fires once and is then armed again by its owner, level-triggered: data that
/// libpq has not taken yet makes it fire again.
final class Readiness: Sendable {
  private struct State {
    var handlers: [UInt64: @Sendable () -> Void] = [:]
    var lastWatch: UInt64 = Readiness.stopMark
    var thread: pthread_t?
  }

  private static let stopMark: UInt64 = 0
  private static let eventsPerWait = 64

  private let loop: any EventLoop
  private let epoll: Int32
  private let stopEvent: Int32
  private let state = Mutex(State())

  init(loop: any EventLoop) {
    self.loop = loop
    epoll = clinux_epoll()
    stopEvent = clinux_event()
  }

  deinit {
    close(epoll)
    close(stopEvent)
  }

  /// Starts the waiting thread, which keeps this object alive until `stop`.
  func start() throws(PostgresError) {
    guard epoll >= 0, stopEvent >= 0, clinux_watch(epoll, stopEvent, Self.stopMark, false, true)
    else { throw Self.failure("cannot watch sockets") }
    let context = Unmanaged.passRetained(self)
    var thread = pthread_t()
    let code = pthread_create(
      &thread, nil,
      { context in
        guard let context else { return nil }
        Unmanaged<Readiness>.fromOpaque(context).takeRetainedValue().run()
        return nil
      }, context.toOpaque())
    guard code == 0 else {
      context.release()
      throw Self.failure("cannot start the thread that watches sockets")
    }
    state.withLock { $0.thread = thread }
  }

  /// Ends the thread. The sockets must have been dropped before.
  func stop() {
    guard let thread = state.withLock({ $0.thread.take() }) else { return }
    eventfd_write(stopEvent, 1)
    pthread_join(thread, nil)
  }

  /// Calls `handler` on the loop when `socket` can be read; it must be armed again each time.
  /// Nil when the socket cannot be watched.
  func watch(_ socket: Int32, _ handler: @escaping @Sendable () -> Void) -> UInt64? {
    let watch = state.withLock { state in
      state.lastWatch += 1
      state.handlers[state.lastWatch] = handler
      return state.lastWatch
    }
    guard clinux_watch(epoll, socket, watch, false, true) else {
      state.withLock { $0.handlers[watch] = nil }
      return nil
    }
    return watch
  }

  /// - Parameter writing: whether to be told too when the socket can be written.
  func arm(_ socket: Int32, _ watch: UInt64, writing: Bool) -> Bool {
    clinux_watch(epoll, socket, watch, writing, false)
  }

  /// - Parameter socket: negative when it has been closed already.
  func drop(_ socket: Int32, _ watch: UInt64) {
    if socket >= 0 { clinux_unwatch(epoll, socket) }
    state.withLock { $0.handlers[watch] = nil }
  }

  private func run() {
    clinux_enter_thread("postgres-epoll")
    var ready = [UInt64](repeating: 0, count: Self.eventsPerWait)
    while true {
      let count = clinux_wait(epoll, &ready, Int32(Self.eventsPerWait))
      guard count >= 0 else { continue }
      let watches = ready[..<Int(count)]
      if watches.contains(Self.stopMark) { return }
      if watches.count == 1, let watch = watches.first {
        loop.execute { self.fire(watch) }
      } else {
        let watches = Array(watches)
        loop.execute { for watch in watches { self.fire(watch) } }
      }
    }
  }

  private func fire(_ watch: UInt64) {
    state.withLock { $0.handlers[watch] }?()
  }

  private static func failure(_ what: String) -> PostgresError {
    PostgresError(.unavailable, "\(what): error \(errno)")
  }
}
