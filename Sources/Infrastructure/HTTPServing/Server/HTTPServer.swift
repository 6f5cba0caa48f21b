package import Executors
package import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization
package import Telemetry

/// Serves a router's routes on one listener.
package final class HTTPServer: Sendable {
  /// Bytes that the parser may hold of an unfinished head.
  private static let parserBuffer = 128 << 10
  private static let receiveSizes = (minimum: 1024, initial: 1024, maximum: 65536)
  /// The longest time between looks at the connections' time limits.
  private static let longestCheckInterval = Duration.seconds(1)
  private static let checksPerLimit = 4

  private static let anyIPv4 = "0.0.0.0"
  private static let anyIPv6 = "::"

  private struct State {
    var listening: [any Channel] = []
    var table: NIOLoopBound<ConnectionTable>?
    var certificates: TLSCertificates?
    var socketPath: String?
  }

  private let configuration: ListenerConfiguration
  private let dispatcher: Dispatcher
  private let executor: LoopExecutor
  private let logger: Logger
  private let state = Mutex(State())

  package init(
    configuration: ListenerConfiguration, router: Router, executor: LoopExecutor,
    logger: Logger, metrics: PrometheusRegistry
  ) {
    self.configuration = configuration
    self.executor = executor
    self.logger = logger
    dispatcher = Dispatcher(
      router: router, configuration: configuration, logger: logger, registry: metrics)
  }

  /// The TCP port, also when a free one was asked for; nil on a unix socket.
  package var port: Int? {
    state.withLock { $0.listening.first?.localAddress?.port }
  }

  /// Returns when the listener takes connections.
  /// - Throws: `ListenerError`
  package func start() async throws {
    let loop = executor.loop
    let interval = checkInterval
    let table = try await loop.submit {
      NIOLoopBound(ConnectionTable(loop: loop, checkInterval: interval), eventLoop: loop)
    }.get()
    let certificates = try configuration.tls.map(TLSCertificates.init)
    state.withLock { state in
      state.table = table
      state.certificates = certificates
    }
    do {
      switch configuration.address {
      case .tcp(let hosts, let port): try await listen(on: hosts, port: port, table)
      case .unix(let path, let mode): try await listen(at: path, mode: mode, table)
      }
    } catch {
      await stopListening()
      throw error
    }
  }

  /// Reads the certificate files again for the connections to come.
  /// - Throws: `ListenerError.certificate`; the old certificate stays.
  package func reloadCertificates() throws {
    try state.withLock { $0.certificates }?.reload()
  }

  /// Takes no more connections and lets running requests end; their answers close the
  /// connection. What is left after `limit` is cancelled, so that it answers that it could not be
  /// done; what has not answered `grace` later is cut.
  package func drain(within limit: Duration, answering grace: Duration = .zero) async {
    await stopListening()
    guard let table = state.withLock({ $0.table }) else { return }
    let loop = executor.loop
    let emptied = loop.flatSubmit {
      table.value.drain()
      let timers = [
        loop.scheduleTask(in: TimeAmount(limit)) { if grace > .zero { table.value.giveUpAll() } },
        loop.scheduleTask(in: TimeAmount(limit + grace)) { table.value.abortAll() },
      ]
      let emptied = table.value.whenEmpty()
      emptied.whenComplete { _ in
        for timer in timers { timer.cancel() }
      }
      return emptied
    }
    try? await emptied.get()
  }

  private func stopListening() async {
    let (channels, path) = state.withLock { state in
      defer {
        state.listening = []
        state.socketPath = nil
      }
      return (state.listening, state.socketPath)
    }
    for channel in channels { try? await channel.close().get() }
    if let path { SocketFile.remove(path) }
  }

  // MARK: Listening

  private func listen(
    on hosts: [String], port: Int, _ table: NIOLoopBound<ConnectionTable>
  ) async throws {
    var port = port
    for host in hosts {
      let bootstrap = bootstrap(table).serverChannelOption(
        .socketOption(.so_reuseaddr), value: 1
      ).childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      let wanted = port
      let channel: any Channel
      do {
        channel = try await named("port \(wanted) on \(host)") {
          try await bootstrap.bind(host: host, port: wanted).get()
        }
      } catch ListenerError.addressTaken where host == Self.anyIPv4 && hosts.contains(Self.anyIPv6)
      {
        // The IPv6 listener takes IPv4 connections too.
        continue
      }
      state.withLock { $0.listening.append(channel) }
      port = channel.localAddress?.port ?? port
      logger.info("listening", metadata: ["address": .string("\(host):\(port)")])
    }
  }

  private func listen(
    at path: String, mode: UInt32, _ table: NIOLoopBound<ConnectionTable>
  ) async throws {
    guard SocketFile.clear(path) else { throw ListenerError.addressTaken("socket \(path)") }
    let bootstrap = bootstrap(table)
    let channel = try await named("socket \(path)") {
      try await bootstrap.bind(unixDomainSocketPath: path).get()
    }
    state.withLock { state in
      state.listening.append(channel)
      state.socketPath = path
    }
    guard SocketFile.setMode(path, mode) else {
      throw ListenerError.cannotListen("socket \(path)", reason: "its mode cannot be set")
    }
    logger.info("listening", metadata: ["address": .string(path)])
  }

  private func named(
    _ address: String, _ bind: () async throws -> any Channel
  ) async throws -> any Channel {
    do {
      return try await bind()
    } catch let error as IOError where error.errnoCode == EADDRINUSE {
      throw ListenerError.addressTaken(address)
    } catch {
      throw ListenerError.cannotListen(address, reason: "\(error)")
    }
  }

  private func bootstrap(_ table: NIOLoopBound<ConnectionTable>) -> ServerBootstrap {
    let certificates = state.withLock { $0.certificates }
    let sizes = Self.receiveSizes
    return ServerBootstrap(group: executor.loop)
      .serverChannelOption(.backlog, value: configuration.limits.backlog)
      .childChannelOption(
        .recvAllocator,
        value: AdaptiveRecvByteBufferAllocator(
          minimum: sizes.minimum, initial: sizes.initial, maximum: sizes.maximum)
      )
      .childChannelInitializer { [dispatcher, executor] channel in
        channel.eventLoop.makeCompletedFuture {
          guard table.value.count < dispatcher.limits.connections else {
            throw ChannelError.operationUnsupported
          }
          let pipeline = channel.pipeline.syncOperations
          if let certificates {
            try pipeline.addHandler(NIOSSLServerHandler(context: certificates.context))
          }
          try pipeline.addHandlers(
            Self.decoder(dispatcher.limits),
            Connection(dispatcher: dispatcher, executor: executor, table: table.value))
        }
      }
  }

  private static func decoder(
    _ limits: ServerLimits
  ) -> ByteToMessageHandler<HTTPRequestDecoder> {
    var configuration = NIOHTTPDecoderLimitConfiguration()
    configuration.maxHeaderFieldSize = limits.headerField
    configuration.maxHeaderListSize = limits.headerList
    configuration.maxHeaderFieldCount = limits.headerCount
    return ByteToMessageHandler(
      HTTPRequestDecoder(limitConfiguration: configuration), maximumBufferSize: parserBuffer)
  }

  /// A fraction of the shortest limit, so that no limit is overrun by much.
  private var checkInterval: TimeAmount {
    let limits = configuration.limits
    let shortest = min(
      limits.headTime, limits.bodyTime, limits.idleTime, limits.writeTime, limits.lingerTime)
    return TimeAmount(min(Self.longestCheckInterval, shortest / Self.checksPerLimit))
  }
}
