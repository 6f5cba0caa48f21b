package import Executors

/// What stands in for the answer to a request that waits for news: the handler has ended, and
/// nothing but this is kept meanwhile. A waiting task would hold the stack of all it has called.
package struct Suspension: Sendable {
  /// Resolved when it is time to go on.
  let signal: Waiter<Bool>
  /// Goes on with what the signal said; it may suspend again.
  let resume: @Sendable (Bool) async throws -> Response
  /// Called in place of `resume` when the client has gone.
  let abandon: @Sendable () -> Void

  package init(
    until signal: Waiter<Bool>, resume: @escaping @Sendable (Bool) async throws -> Response,
    abandon: @escaping @Sendable () -> Void
  ) {
    self.signal = signal
    self.resume = resume
    self.abandon = abandon
  }
}
