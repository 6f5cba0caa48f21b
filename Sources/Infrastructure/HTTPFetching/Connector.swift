import Executors
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import NIOTLS

/// Opens connections; used on the loop only.
final class Connector {
  private let loop: any EventLoop
  private let configuration: ClientConfiguration
  private var tlsContext: NIOSSLContext?

  init(loop: any EventLoop, configuration: ClientConfiguration) {
    self.loop = loop
    self.configuration = configuration
  }

  /// Succeeds when the connection can take a request, for TLS after the handshake.
  func connect(
    to endpoint: Endpoint, _ connection: ClientConnection
  ) -> EventLoopFuture<Void> {
    do {
      let bound = NIOLoopBound(connection, eventLoop: loop)
      let secured = try tlsHandler(for: endpoint).map { handler in
        (NIOLoopBound(handler, eventLoop: loop), loop.makePromise(of: Void.self))
      }
      let bootstrap = ClientBootstrap(group: loop)
        .connectTimeout(TimeAmount(configuration.connectTime))
        .channelInitializer { channel in
          channel.eventLoop.makeCompletedFuture {
            let pipeline = channel.pipeline.syncOperations
            if let (handler, handshake) = secured {
              try pipeline.addHandlers(handler.value, HandshakeHandler(handshake))
            }
            try pipeline.addHandlers(
              HTTPRequestEncoder(), ByteToMessageHandler(HTTPResponseDecoder()), bound.value)
          }
        }
      let channel = try open(bootstrap, endpoint)
      guard let (_, handshake) = secured else { return channel.map { _ in } }
      channel.whenFailure { handshake.fail($0) }
      return handshake.futureResult
    } catch {
      return loop.makeFailedFuture(error)
    }
  }

  private func open(
    _ bootstrap: ClientBootstrap, _ endpoint: Endpoint
  ) throws -> EventLoopFuture<any Channel> {
    switch endpoint {
    case .unix(let path): return bootstrap.connect(unixDomainSocketPath: path)
    case .tcp(let host, let port, _):
      let bootstrap = bootstrap.channelOption(.tcpOption(.tcp_nodelay), value: 1)
      if let address = try? SocketAddress(ipAddress: host, port: port) {
        return bootstrap.connect(to: address)
      }
      return bootstrap.connect(host: host, port: port)
    }
  }

  private func tlsHandler(for endpoint: Endpoint) throws -> NIOSSLClientHandler? {
    guard case .tcp(let host, _, tls: true) = endpoint else { return nil }
    let isAddress = (try? SocketAddress(ipAddress: host, port: 0)) != nil
    return try NIOSSLClientHandler(
      context: context(), serverHostname: isAddress ? nil : host)
  }

  private func context() throws -> NIOSSLContext {
    if let tlsContext { return tlsContext }
    var tls = TLSConfiguration.makeClientConfiguration()
    tls.minimumTLSVersion = .tlsv12
    tls.applicationProtocols = ["http/1.1"]
    if configuration.tls.skipsVerification { tls.certificateVerification = .none }
    tls.additionalTrustRoots = configuration.tls.additionalTrustRoots.map { .file($0) }
    let made = try NIOSSLContext(configuration: tls)
    tlsContext = made
    return made
  }
}

/// Reports the end of a TLS handshake.
private final class HandshakeHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let done: EventLoopPromise<Void>

  init(_ done: EventLoopPromise<Void>) {
    self.done = done
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case TLSUserEvent.handshakeCompleted = event { done.succeed() }
    context.fireUserInboundEventTriggered(event)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    done.fail(error)
    context.fireErrorCaught(error)
  }

  func channelInactive(context: ChannelHandlerContext) {
    done.fail(ChannelError.eof)
    context.fireChannelInactive()
  }
}
