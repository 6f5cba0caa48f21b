import Executors
package import HTTPFetching
package import HTTPServing
package import Logging
import Synchronization

/// Another process of the fleet, called over HTTP. One that is restarting is waited for: every
/// call may be repeated, so its caller sees a pause and not an error.
package final class ReplicationPeer: Sendable {
  /// How long a call is tried before its caller is told.
  private static let patience = Duration.seconds(20)
  private static let callTimeout = Duration.seconds(15)
  private static let wrongSecret = 403

  /// What an answer means to the caller.
  enum Reading<Answer: Sendable>: Sendable {
    case done(Answer)
    /// The process cannot do it now.
    case later(reason: String)
  }

  struct Unavailable: Error {
    let reason: String
  }

  private let name: String
  private let client: HTTPClient
  private let endpoint: Endpoint
  private let secret: String
  private let shutdown: ShutdownSignal
  private let logger: Logger
  private let patience: Duration
  private let pause = RetryPause()
  /// Whether it was said already that the secrets differ.
  private let isRefused = Atomic(false)

  /// - Parameters:
  ///   - name: the process's name in `instance_map`.
  ///   - shutdown: once it is given nothing is waited for, so that whoever still waits is told.
  package init(
    name: String, client: HTTPClient, endpoint: Endpoint, secret: String,
    shutdown: ShutdownSignal, logger: Logger, patience: Duration? = nil
  ) {
    self.name = name
    self.client = client
    self.endpoint = endpoint
    self.secret = secret
    self.shutdown = shutdown
    self.logger = logger
    self.patience = patience ?? Self.patience
  }

  /// Posts a body until the answer means something other than "later".
  func post<Answer: Sendable>(
    _ path: String, _ body: [UInt8], answerLimit: Int,
    read: @Sendable (FetchResponse) -> Reading<Answer>
  ) async throws(Unavailable) -> Answer {
    let call = FetchRequest(
      endpoint: endpoint, method: .post, path: path,
      headers: [("Authorization", "Bearer \(secret)"), ("Content-Type", "application/json")],
      body: body, timeout: Self.callTimeout, maximumResponseBytes: answerLimit)
    let deadline = ContinuousClock.now.advanced(by: patience)
    var backoff = Backoff(first: .milliseconds(50), ceiling: .seconds(1))
    while true {
      let answer = await attempt(call, read)
      if case .done(let result) = answer { return result }
      guard ContinuousClock.now < deadline, !shutdown.isGiven else {
        throw Unavailable(reason: reason(answer))
      }
      let random = Double.random(in: 0..<1)
      if answer == nil {
        await pause.wait(random: random)
      } else {
        try? await Task.sleep(for: backoff.delay(random: random))
      }
      if Task.isCancelled { throw Unavailable(reason: "the request was given up") }
    }
  }

  /// Nil when the process cannot be reached.
  private func attempt<Answer: Sendable>(
    _ call: FetchRequest, _ read: @Sendable (FetchResponse) -> Reading<Answer>
  ) async -> Reading<Answer>? {
    guard let response = try? await client.send(call) else { return nil }
    pause.end()
    if response.status == Self.wrongSecret { return .later(reason: tellOfRefusal()) }
    return read(response)
  }

  private func reason<Answer>(_ answer: Reading<Answer>?) -> String {
    if case .later(let reason) = answer { reason } else { "\(name) cannot be reached" }
  }

  /// Says it once, as no retry helps and every request would repeat it.
  private func tellOfRefusal() -> String {
    if !isRefused.exchange(true, ordering: .relaxed) {
      logger.error(
        "worker_replication_secret here is not that of another process: give both the same",
        metadata: ["instance": "\(name)"])
    }
    return "\(name) does not accept this process's worker_replication_secret"
  }
}
