import Executors
import Logging
import Synchronization

/// Keeps one connection alive: connects, introduces itself, probes, and connects again.
final class RedisLink: Sendable {
  typealias Preparation = @Sendable (RedisSession) async throws -> Void

  private let configuration: RedisConfiguration
  private let executor: LoopExecutor
  private let logger: Logger
  private let random: @Sendable () -> Double
  private let onPush: RedisSession.PushHandler?
  private let prepare: Preparation
  private let onState: @Sendable (Bool) -> Void
  private let current = Mutex<RedisSession?>(nil)

  /// - Parameters:
  ///   - prepare: what each new connection needs before it counts as up.
  ///   - onState: told of each change of up and down, on the task of `run`.
  init(
    configuration: RedisConfiguration, executor: LoopExecutor, logger: Logger,
    random: @escaping @Sendable () -> Double, onPush: RedisSession.PushHandler? = nil,
    prepare: @escaping Preparation = { _ in },
    onState: @escaping @Sendable (Bool) -> Void = { _ in }
  ) {
    self.configuration = configuration
    self.executor = executor
    self.logger = logger
    self.random = random
    self.onPush = onPush
    self.prepare = prepare
    self.onState = onState
  }

  /// The connection when it is up.
  var session: RedisSession? {
    current.withLock { $0 }
  }

  /// Works until its task is cancelled.
  func run() async {
    let timing = configuration.timing
    var backoff = Backoff(first: timing.firstRetry, ceiling: timing.longestRetry)
    var failureIsLogged = false
    while !Task.isCancelled {
      do {
        let session = try await connect()
        backoff.reset()
        failureIsLogged = false
        await use(session)
        if !Task.isCancelled { logger.warning("connection to Redis lost") }
      } catch {
        log(error, again: failureIsLogged)
        failureIsLogged = true
      }
      try? await Task.sleep(for: backoff.delay(random: random()))
    }
  }

  private func connect() async throws -> RedisSession {
    let session = try await RedisSession.open(
      configuration, loop: executor.loop, onPush: onPush)
    do {
      try await introduce(session)
      try await prepare(session)
      return session
    } catch {
      session.close()
      throw error
    }
  }

  private func introduce(_ session: RedisSession) async throws(RedisError) {
    if let password = configuration.password {
      let names = [configuration.username, password].compactMap { $0 }
      _ = try await session.call(RedisCommand("AUTH", names.map { Array($0.utf8) }))
    }
    if configuration.database != 0 {
      let number = Array(String(configuration.database).utf8)
      _ = try await session.call(RedisCommand("SELECT", number))
    }
    try await Self.ping(session)
  }

  /// A connection with subscriptions answers in another form.
  private static func ping(_ session: RedisSession) async throws(RedisError) {
    switch try await session.call(RedisCommand("PING")) {
    case .status(Array("PONG".utf8)): return
    case .array(let parts) where parts.first?.isBytes("pong") == true: return
    default: throw .unexpectedReply
    }
  }

  /// Announces the connection and stays with it until it ends, hangs or the task is cancelled.
  private func use(_ session: RedisSession) async {
    current.withLock { $0 = session }
    logger.info("connected to Redis", metadata: ["redis": "\(configuration.endpoint)"])
    onState(true)
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await self.probe(session) }
      await session.ended.value(ifCancelled: ())
      group.cancelAll()
    }
    current.withLock { $0 = nil }
    session.close()
    onState(false)
  }

  private func probe(_ session: RedisSession) async {
    do {
      while true {
        try await Task.sleep(for: configuration.timing.pingInterval)
        try await Self.ping(session)
      }
    } catch {
      session.close()
    }
  }

  private func log(_ error: any Error, again: Bool) {
    guard !(error is CancellationError), !Task.isCancelled else { return }
    logger.log(
      level: again ? .debug : .warning, "cannot reach Redis",
      metadata: ["redis": "\(configuration.endpoint)", "error": "\(error)"])
  }
}
