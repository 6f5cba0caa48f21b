package import Executors
import NIOCore
import Synchronization

/// Sends requests over kept connections, on the process's loop.
package final class HTTPClient: Sendable {
  private let executor: LoopExecutor
  private let configuration: ClientConfiguration
  private let random: @Sendable () -> Double
  private let core: NIOLoopBoundBox<ClientCore?>
  private let nextID = Atomic<Int>(0)

  /// - Parameter random: numbers in 0..<1 that spread retries.
  package init(
    executor: LoopExecutor, configuration: ClientConfiguration = ClientConfiguration(),
    random: @escaping @Sendable () -> Double = { .random(in: 0..<1) }
  ) {
    self.executor = executor
    self.configuration = configuration
    self.random = random
    core = .makeEmptyBox(valueType: ClientCore.self, eventLoop: executor.loop)
  }

  /// Any status is an answer; an error says whether the server may have acted.
  package func send(_ request: FetchRequest) async throws(FetchError) -> FetchResponse {
    guard request.isSendable else {
      throw FetchError(.invalidRequest, .notSent, request.endpoint)
    }
    let deadline = ContinuousClock.now + request.timeout
    var backoff = Backoff(
      first: configuration.firstRetryDelay, ceiling: configuration.longestRetryDelay)
    var attempt = request
    var tries = 1
    while true {
      switch await once(attempt) {
      case .success(let response): return response
      case .failure(let error):
        let delay = backoff.delay(random: random())
        let left = deadline - ContinuousClock.now - delay
        guard left > .zero, tries < request.attempts,
          error.allowsAnotherTry(isIdempotent: request.isIdempotent), await pause(delay)
        else { throw error }
        tries += 1
        attempt.timeout = left
      }
    }
  }

  /// Fails what is under way and closes every connection.
  package func shutdown() async {
    let done = executor.loop.submit { self.loopCore().shutdown() }
    try? await done.get()
  }

  private func once(_ request: FetchRequest) async -> Result<FetchResponse, FetchError> {
    let call = Call(id: nextID.wrappingAdd(1, ordering: .relaxed).newValue)
    return await withTaskCancellationHandler {
      // The loop knows whether a cancelled request was sent, so its word is waited for.
      await withCheckedContinuation { continuation in
        onLoop { core in
          guard !call.isCancelled.load(ordering: .acquiring) else {
            let error = FetchError(.cancelled, .notSent, request.endpoint)
            return continuation.resume(returning: .failure(error))
          }
          core.begin(call.id, request) { continuation.resume(returning: $0) }
        }
      }
    } onCancel: {
      call.isCancelled.store(true, ordering: .releasing)
      onLoop { $0.abandon(call.id, .cancelled) }
    }
  }

  /// False when the waiting task was cancelled.
  private func pause(_ delay: Duration) async -> Bool {
    let waiter = Waiter<Bool>()
    let timer = executor.schedule(after: delay) { waiter.resolve(true) }
    defer { timer.cancel() }
    return await waiter.value(ifCancelled: false)
  }

  private func onLoop(_ work: @escaping @Sendable (ClientCore) -> Void) {
    if executor.loop.inEventLoop {
      work(loopCore())
    } else {
      executor.loop.execute { work(self.loopCore()) }
    }
  }

  private func loopCore() -> ClientCore {
    if let made = core.value { return made }
    let made = ClientCore(loop: executor.loop, configuration: configuration)
    core.value = made
    return made
  }
}

/// One try of a request; its cancellation may come before the loop has begun it.
private final class Call: Sendable {
  let id: Int
  let isCancelled = Atomic<Bool>(false)

  init(id: Int) {
    self.id = id
  }
}

extension FetchRequest {
  /// Nothing in it can end a line early.
  fileprivate var isSendable: Bool {
    path.hasPrefix("/") && path.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F }
      && headers.allSatisfy { name, value in
        !name.isEmpty && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x3A }
          && value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
      }
  }
}
