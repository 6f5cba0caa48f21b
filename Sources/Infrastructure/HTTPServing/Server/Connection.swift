import Executors
import NIOCore
import NIOHTTP1

/// One client's connection: takes requests in, has them answered one after the other in their
/// order, and cancels what is being handled when the client goes away.
final class Connection: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = ByteBuffer

  /// What the connection waits for; each but `nothing` has its time limit.
  enum Waiting: Equatable {
    case nothing
    case nextRequest, head, body, reader
  }

  let dispatcher: Dispatcher
  let executor: LoopExecutor
  private let table: ConnectionTable
  var context: ChannelHandlerContext?
  private var reception: Reception?
  private var queue: [WaitingExchange] = []
  private var task: Task<Void, Never>?
  private var suspended: Suspension?
  private var peer: String?
  private var isHandling = false
  private var refusesInput = false
  private var isEnding = false
  private var sawPart = false
  private var isPaused = false
  var waiting = Waiting.nextRequest
  var deadline: NIODeadline
  var stall = WriteStall()

  init(dispatcher: Dispatcher, executor: LoopExecutor, table: ConnectionTable) {
    self.dispatcher = dispatcher
    self.executor = executor
    self.table = table
    deadline = .now() + TimeAmount(dispatcher.limits.headTime)
  }

  var isIdle: Bool { !isHandling && queue.isEmpty && reception == nil }

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    table.insert(self)
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    leave()
  }

  func channelInactive(context: ChannelHandlerContext) {
    leave()
    context.fireChannelInactive()
  }

  /// The client is gone: nobody waits for what is being handled.
  private func leave() {
    context = nil
    task?.cancel()
    task = nil
    abandonSuspended()
    reception = nil
    for next in queue { dispatcher.finished(next.exchange, status: Dispatcher.clientGone) }
    queue = []
    table.remove(self)
  }

  // MARK: Input

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    sawPart = true
    guard !refusesInput else { return }
    switch unwrapInboundIn(data) {
    case .head(let head): begin(RequestHead(head))
    case .body(let part): take(part)
    case .end: complete()
    }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    // Bytes of a head came, but not the whole of it.
    if !sawPart, waiting == .nextRequest { expect(.head, within: dispatcher.limits.headTime) }
    sawPart = false
    context.fireChannelReadComplete()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    guard !refusesInput else { return }
    if let answer = Self.refusal(for: error) {
      refuse(answer)
    } else {
      dispatcher.note("connection failed", error)
      context.close(promise: nil)
    }
  }

  private static func refusal(for error: any Error) -> MatrixError? {
    switch error {
    case HTTPParserError.headerOverflow, is ByteToMessageDecoderError.PayloadTooLargeError:
      MatrixError(status: 431, code: .tooLarge, message: "The request's headers are too large")
    // The client hung up in the middle of a request.
    case HTTPParserError.invalidEOFState: nil
    case is HTTPParserError: .badRequest("Malformed HTTP request")
    default: nil
    }
  }

  private func begin(_ head: RequestHead) {
    let resolution = dispatcher.resolve(head)
    let reception = Reception(
      head: head, resolution: resolution, limit: dispatcher.bodyLimit(of: resolution),
      id: dispatcher.newID(head.method))
    self.reception = reception
    if head.isBroken { return refuse(.badRequest("Malformed HTTP request")) }
    if reception.promisesTooMuch { return refuse(.tooLarge()) }
    guard head.hasBody else { return }
    if head.expectsContinue {
      if case .refusal(let error) = resolution { return refuse(error) }
      if !isHandling, queue.isEmpty { sendContinue() }
    }
    expect(.body, within: dispatcher.limits.bodyTime)
  }

  private func take(_ part: ByteBuffer) {
    guard let reception else { return }
    guard reception.take(part) else { return refuse(.tooLarge()) }
    extendBodyDeadline(by: part.readableBytes)
  }

  private func complete() {
    guard let reception, let context else { return }
    self.reception = nil
    let next = dispatcher.exchange(for: reception, remoteAddress: remoteAddress(context))
    if next.exchange.framing.closes || queue.count >= dispatcher.limits.pipelined {
      refusesInput = true
    }
    enqueue(next)
  }

  /// Answers in place of the request that is coming in and takes no more.
  func refuse(_ error: MatrixError) {
    let next = dispatcher.refusal(error, of: reception)
    reception = nil
    refusesInput = true
    enqueue(next)
  }

  private func enqueue(_ next: WaitingExchange) {
    next.exchange.series.begin()
    if queue.isEmpty, canStart {
      start(next)
    } else {
      queue.append(next)
    }
    advance()
  }

  private var canStart: Bool {
    !isHandling && !isEnding && context?.channel.isWritable == true
  }

  private func remoteAddress(_ context: ChannelHandlerContext) -> String {
    if let peer { return peer }
    let address = context.remoteAddress?.ipAddress ?? ""
    peer = address
    return address
  }

  // MARK: Output

  /// Starts what is next while nothing is being handled and the client takes its answers.
  func advance() {
    guard context != nil else { return }
    waiting = .nothing
    while canStart, !queue.isEmpty {
      start(queue.removeFirst())
    }
    if queue.isEmpty { queue = [] }
    guard !isHandling, !isEnding, queue.isEmpty else { return pauseReading() }
    resumeReading()
    if reception == nil {
      expect(.nextRequest, within: dispatcher.limits.idleTime)
    } else {
      if reception?.head.expectsContinue == true { sendContinue() }
      expect(.body, within: dispatcher.limits.bodyTime)
    }
  }

  private func start(_ next: WaitingExchange) {
    switch next.work {
    case .answer(let response): send(response, next.exchange)
    case .handle(let request, let handler): handle(request, handler, next.exchange)
    }
  }

  private func handle(
    _ request: Request, _ handler: @escaping Route.Handler, _ exchange: Exchange
  ) {
    isHandling = true
    perform(exchange) { try await handler(request) }
  }

  private func perform(
    _ exchange: Exchange, _ work: @escaping @Sendable () async throws -> Response
  ) {
    let bound = NIOLoopBound(self, eventLoop: executor.loop)
    task = Task(executorPreference: executor) {
      do {
        let response = try await work()
        bound.value.finish(response, exchange)
      } catch {
        bound.value.finish(failure: error, exchange)
      }
    }
  }

  private func finish(failure error: any Error, _ exchange: Exchange) {
    finish(dispatcher.answer(to: error, exchange), exchange)
  }

  private func finish(_ response: Response, _ exchange: Exchange) {
    task = nil
    if case .later(let suspension) = response.storage { return suspend(suspension, exchange) }
    isHandling = false
    send(response, exchange)
    advance()
  }

  private func suspend(_ suspension: Suspension, _ exchange: Exchange) {
    guard context != nil else {
      suspension.abandon()
      return dispatcher.finished(exchange, status: Dispatcher.clientGone)
    }
    suspended = suspension
    let bound = NIOLoopBound(self, eventLoop: executor.loop)
    suspension.signal.whenResolved { [loop = executor.loop] word in
      loop.execute { bound.value.resume(exchange, word) }
    }
  }

  /// The signal is resolved too, so that the exchange is accounted for.
  private func abandonSuspended() {
    guard let suspension = suspended else { return }
    suspended = nil
    suspension.abandon()
    suspension.signal.resolve(false)
  }

  private func resume(_ exchange: Exchange, _ word: Bool) {
    guard let suspension = suspended else {
      return dispatcher.finished(exchange, status: Dispatcher.clientGone)
    }
    suspended = nil
    perform(exchange) { try await suspension.resume(word) }
  }

  private func send(_ response: Response, _ exchange: Exchange) {
    guard let context else {
      return dispatcher.finished(exchange, status: Dispatcher.clientGone)
    }
    dispatcher.finished(exchange, status: response.status)
    var framing = exchange.framing
    if queue.isEmpty, refusesInput || table.isDraining { framing.closes = true }
    let (head, body) = ResponseEncoder.encode(
      response, framing, allocator: context.channel.allocator)
    let last: EventLoopPromise<Void>? = framing.closes ? context.eventLoop.makePromise() : nil
    if let body {
      context.write(wrapOutboundOut(head), promise: nil)
      context.writeAndFlush(wrapOutboundOut(body), promise: last)
    } else {
      context.writeAndFlush(wrapOutboundOut(head), promise: last)
    }
    stall.mayWait = true
    if let last { end(after: last.futureResult, lingers: exchange.lingers) }
  }

  private func sendContinue() {
    guard let context else { return }
    var line = context.channel.allocator.buffer(capacity: 32)
    line.writeStaticString(ResponseEncoder.continueLine)
    context.writeAndFlush(wrapOutboundOut(line), promise: nil)
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    if context.channel.isWritable, !isHandling, !queue.isEmpty { advance() }
    context.fireChannelWritabilityChanged()
  }

  private func pauseReading() {
    guard !isPaused, !queue.isEmpty, !isEnding else { return }
    isPaused = true
    setReading(false)
  }

  private func resumeReading() {
    guard isPaused else { return }
    isPaused = false
    setReading(true)
  }

  private func setReading(_ reads: Bool) {
    guard let context else { return }
    try? context.channel.syncOptions?.setOption(.autoRead, value: reads)
  }

  // MARK: End

  /// Closes once the last answer is written. A client that may still be sending would lose the
  /// answer to a plain close, so its side is waited for.
  private func end(after written: EventLoopFuture<Void>, lingers: Bool) {
    isEnding = true
    refusesInput = true
    reception = nil
    resumeReading()
    written.assumeIsolated().whenComplete { _ in
      guard let context = self.context else { return }
      if lingers {
        context.close(mode: .output, promise: nil)
        self.expect(.reader, within: self.dispatcher.limits.lingerTime)
      } else {
        context.close(promise: nil)
      }
    }
  }

  func closeIfIdle() {
    guard isIdle, !isEnding else { return }
    context?.close(promise: nil)
  }

  /// Cancels what is being handled, which then answers that it could not be done; what waits
  /// behind it gets the same answer. Who waits for news is told that there is none.
  func giveUp() {
    for index in queue.indices {
      queue[index] = WaitingExchange(
        exchange: queue[index].exchange, work: .answer(Response(.unavailable())))
    }
    task?.cancel()
    suspended?.signal.resolve(false)
  }

  /// Ends the connection and what it handles now.
  func abort() {
    context?.close(promise: nil)
  }
}
