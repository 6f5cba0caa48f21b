import NIOCore
import NIOHTTP1

/// One connection to a server: one request at a time.
final class ClientConnection: ChannelInboundHandler {
  typealias InboundIn = HTTPClientResponsePart
  typealias OutboundOut = HTTPClientRequestPart

  enum Outcome {
    /// - Parameter keeps: the connection can take another request.
    case answered(FetchResponse, keeps: Bool)
    case failed(FetchError.Kind, reason: String)
  }

  private struct Exchange {
    let maximumBytes: Int
    let finish: (Outcome) -> Void
    var head: HTTPResponseHead?
    var body: [UInt8] = []
  }

  /// Bytes set aside at once because a head promises them.
  private static let trustedCapacity = 64 << 10

  private let closed: () -> Void
  private var context: ChannelHandlerContext?
  private var exchange: Exchange?
  private var isClosed = false

  /// - Parameter closed: called once when the connection is gone.
  init(closed: @escaping () -> Void) {
    self.closed = closed
  }

  var isOpen: Bool { context != nil }

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
  }

  func send(_ request: FetchRequest, finish: @escaping (Outcome) -> Void) {
    guard let context else { return finish(.failed(.closed, reason: "closed before use")) }
    exchange = Exchange(maximumBytes: request.maximumResponseBytes, finish: finish)
    var headers = HTTPHeaders(request.headers)
    if !headers.contains(name: "host") {
      headers.add(name: "Host", value: request.endpoint.hostHeader)
    }
    if !request.body.isEmpty || request.method == .put || request.method == .post {
      headers.replaceOrAdd(name: "Content-Length", value: String(request.body.count))
    }
    let head = HTTPRequestHead(
      version: .http1_1, method: HTTPMethod(rawValue: request.method.rawValue),
      uri: request.path, headers: headers)
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    if !request.body.isEmpty {
      let body = context.channel.allocator.buffer(bytes: request.body)
      context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
    }
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
  }

  func close() {
    context?.close(promise: nil)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard exchange != nil else { return context.close(promise: nil) }
    switch unwrapInboundIn(data) {
    case .head(let head):
      exchange?.head = head
      let promised = head.headers.first(name: "content-length").flatMap { Int($0) } ?? 0
      exchange?.body.reserveCapacity(min(max(0, promised), Self.trustedCapacity))
    case .body(let part):
      exchange?.body.append(contentsOf: part.readableBytesView)
      if let exchange, exchange.body.count > exchange.maximumBytes {
        settle(.failed(.responseTooLarge, reason: ""))
        context.close(promise: nil)
      }
    case .end: complete()
    }
  }

  private func complete() {
    guard let exchange, let head = exchange.head else { return }
    let response = FetchResponse(
      status: Int(head.status.code), headers: head.headers.map { ($0.name, $0.value) },
      body: exchange.body)
    settle(.answered(response, keeps: head.isKeepAlive && !isClosed))
  }

  private func settle(_ outcome: Outcome) {
    guard let finish = exchange?.finish else { return }
    exchange = nil
    finish(outcome)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    settle(.failed(Self.kind(of: error), reason: "\(type(of: error))"))
    context.close(promise: nil)
  }

  private static func kind(of error: any Error) -> FetchError.Kind {
    switch error {
    case HTTPParserError.invalidEOFState: .closed
    case is HTTPParserError: .malformedResponse
    default: .closed
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    leave()
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    leave()
  }

  private func leave() {
    context = nil
    guard !isClosed else { return }
    isClosed = true
    settle(.failed(.closed, reason: "closed by the server"))
    closed()
  }
}
