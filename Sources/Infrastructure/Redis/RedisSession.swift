import Executors
import NIOCore
import NIOPosix
import Synchronization

/// One connection: commands go out in the order given, collected and flushed once per turn of
/// the loop; answers come back in the same order.
final class RedisSession: Sendable {
  typealias Reply = Result<RedisValue, RedisError>
  typealias PushHandler = @Sendable (_ channel: [UInt8], _ payload: [UInt8]) -> Void

  private struct Pending {
    let size: Int
    /// Nil when nobody waits for the answer.
    let waiter: Waiter<Reply>?
  }

  private struct State {
    var outgoing = ByteBuffer()
    var pending = CircularBuffer<Pending>()
    var pendingBytes = 0
    var flushIsScheduled = false
    var channel: (any Channel)?
    var isClosed = false
  }

  private let loop: any EventLoop
  private let limits: RedisLimits
  private let commandTimeout: Duration
  private let onPush: PushHandler?
  private let state = Mutex(State())
  /// Resolved when the connection has ended.
  let ended = Waiter<Void>()

  private init(
    loop: any EventLoop, limits: RedisLimits, commandTimeout: Duration, onPush: PushHandler?
  ) {
    self.loop = loop
    self.limits = limits
    self.commandTimeout = commandTimeout
    self.onPush = onPush
  }

  /// Connects; authentication is the caller's next step.
  /// - Parameter onPush: takes the messages of subscriptions, on the loop.
  static func open(
    _ configuration: RedisConfiguration, loop: any EventLoop, onPush: PushHandler?
  ) async throws -> RedisSession {
    let session = RedisSession(
      loop: loop, limits: configuration.limits,
      commandTimeout: configuration.timing.commandTimeout, onPush: onPush)
    let bootstrap = ClientBootstrap(group: loop)
      .connectTimeout(TimeAmount(configuration.timing.connectTimeout))
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          guard let handler = RedisChannelHandler(session, limit: configuration.limits.replyBytes)
          else { throw RedisError.overloaded }
          try channel.pipeline.syncOperations.addHandler(handler)
        }
      }
    let channel =
      switch configuration.endpoint {
      case .tcp(let host, let port): try await bootstrap.connect(host: host, port: port).get()
      case .unix(let path): try await bootstrap.connect(unixDomainSocketPath: path).get()
      }
    session.attach(channel)
    return session
  }

  private func attach(_ channel: any Channel) {
    let isClosed = state.withLock { state in
      state.channel = channel
      return state.isClosed
    }
    if isClosed { channel.close(promise: nil) }
  }

  /// Sends a command and waits for its answer, at most `limit` or the command timeout.
  func call(
    _ command: RedisCommand, within limit: Duration? = nil
  ) async throws(RedisError) -> RedisValue {
    let waiter = Waiter<Reply>()
    try enqueue(command, waiter)
    let timer = loop.scheduleTask(in: TimeAmount(limit ?? commandTimeout)) {
      waiter.resolve(.failure(.timedOut))
    }
    let reply = await waiter.value(ifCancelled: .failure(.unavailable))
    timer.cancel()
    return try reply.get().orThrow()
  }

  /// Sends a command whose answer nobody needs.
  func post(_ command: RedisCommand) throws(RedisError) {
    try enqueue(command, nil)
  }

  func close() {
    let channel = state.withLock { $0.channel }
    channel?.close(promise: nil)
  }

  private func enqueue(_ command: RedisCommand, _ waiter: Waiter<Reply>?) throws(RedisError) {
    let size = command.size
    let outcome: Result<Bool, RedisError> = state.withLock { state in
      guard !state.isClosed else { return .failure(.unavailable) }
      guard state.pending.count < limits.pendingCommands,
        state.pendingBytes + size <= limits.pendingBytes
      else { return .failure(.overloaded) }
      command.encode(into: &state.outgoing)
      state.pending.append(Pending(size: size, waiter: waiter))
      state.pendingBytes += size
      defer { state.flushIsScheduled = true }
      return .success(!state.flushIsScheduled)
    }
    if try outcome.get() { loop.execute { self.flush() } }
  }

  private func flush() {
    let (bytes, channel) = state.withLock { state in
      state.flushIsScheduled = false
      let bytes = state.outgoing
      state.outgoing = ByteBuffer()
      return (bytes, state.channel)
    }
    channel?.writeAndFlush(bytes, promise: nil)
  }

  /// One reply, in the order of arrival.
  func received(_ value: RedisValue) throws(RedisError) {
    if let onPush, case .array(let parts) = value, parts.count == 3, parts[0].isBytes("message"),
      case .bytes(let channel) = parts[1], case .bytes(let payload) = parts[2]
    {
      return onPush(channel, payload)
    }
    let pending: Pending? = state.withLock { state in
      guard let first = state.pending.popFirst() else { return nil }
      state.pendingBytes -= first.size
      return first
    }
    guard let pending else { throw .unexpectedReply }
    pending.waiter?.resolve(.success(value))
  }

  func channelEnded() {
    let pending = state.withLock { state in
      state.isClosed = true
      state.channel = nil
      state.outgoing = ByteBuffer()
      state.pendingBytes = 0
      let pending = state.pending
      state.pending = CircularBuffer()
      return pending
    }
    for entry in pending { entry.waiter?.resolve(.failure(.unavailable)) }
    ended.resolve(())
  }
}
