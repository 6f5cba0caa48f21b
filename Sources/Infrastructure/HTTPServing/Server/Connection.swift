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
  private var queue: [Exchange] = []
  private var task: Task<Void, Never>?
  private var isHandling = false
  private var refusesInput = false
  private var isEnding = false
  private var sawPart = false
  private var isPaused = false
  var waiting = Waiting.head
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
    reception = nil
    queue.removeAll()
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
    case HTTPParserError.headerOverflow, is ByteToMessageDecoderError:
      MatrixError(status: 431, code: .tooLarge, message: "The request's headers are too large")
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
    let address = remoteAddress(context)
    let exchange = dispatcher.exchange(for: reception, remoteAddress: address)
    let isLast = exchange.framing.closes || queue.count >= dispatcher.limits.pipelined
    if isLast { refusesInput = true }
    queue.append(exchange)
    exchange.series.begin()
    advance()
  }

  /// Answers in place of the request that is coming in and takes no more.
  func refuse(_ error: MatrixError) {
    let exchange = dispatcher.refusal(error, of: reception)
    reception = nil
    refusesInput = true
    queue.append(exchange)
    exchange.series.begin()
    advance()
  }

  private func remoteAddress(_ context: ChannelHandlerContext) -> String {
    context.remoteAddress?.ipAddress ?? ""
  }

  // MARK: Output

  /// Starts what is next while nothing is being handled and the client takes its answers.
  func advance() {
    guard let context else { return }
    waiting = .nothing
    while !isHandling, !isEnding, let next = queue.first {
      guard context.channel.isWritable else { break }
      queue.removeFirst()
      switch next.work {
      case .answer(let response): respond(response, to: next)
      case .handle(let request, let route): handle(request, route: route, next)
      }
    }
    guard !isHandling, !isEnding, queue.isEmpty else { return pauseReading() }
    queue = []
    resumeReading()
    if reception == nil {
      expect(.nextRequest, within: dispatcher.limits.idleTime)
    } else {
      if reception?.head.expectsContinue == true { sendContinue() }
      expect(.body, within: dispatcher.limits.bodyTime)
    }
  }

  private func handle(_ request: Request, route: Int, _ exchange: Exchange) {
    isHandling = true
    let bound = NIOLoopBound(self, eventLoop: executor.loop)
    let dispatcher = dispatcher
    let reply = Reply(exchange)
    task = Task(executorPreference: executor) {
      let response = await dispatcher.answer(request, route: route)
      bound.value.finish(response, reply)
    }
  }

  private func finish(_ response: Response, _ reply: Reply) {
    isHandling = false
    task = nil
    guard context != nil else {
      return dispatcher.finished(
        reply.series, id: reply.id, status: Dispatcher.clientGone, startedAt: reply.startedAt)
    }
    send(response, reply)
    advance()
  }

  private func respond(_ response: Response, to exchange: Exchange) {
    send(response, Reply(exchange))
  }

  private func send(_ response: Response, _ reply: Reply) {
    guard let context else { return }
    dispatcher.finished(
      reply.series, id: reply.id, status: response.status, startedAt: reply.startedAt)
    var framing = reply.framing
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
    if let last { end(after: last.futureResult, lingers: reply.lingers) }
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

  /// Ends the connection and what it handles now.
  func abort() {
    context?.close(promise: nil)
  }
}
