import NIOCore

/// The requests and connections of a client; used on the loop only.
final class ClientCore {
  typealias Completion = @Sendable (Result<FetchResponse, FetchError>) -> Void

  private struct Pending {
    let request: FetchRequest
    let completion: Completion
    let timeout: Scheduled<Void>
    var connection: Int?
  }

  private let loop: any EventLoop
  private let configuration: ClientConfiguration
  private let connector: Connector
  private var pools: [Endpoint: EndpointPool] = [:]
  private var pending: [Int: Pending] = [:]
  private var connections: [Int: ClientConnection] = [:]
  private var nextConnection = 0
  private var sweep: Scheduled<Void>?
  private var isShutDown = false

  init(loop: any EventLoop, configuration: ClientConfiguration) {
    self.loop = loop
    self.configuration = configuration
    connector = Connector(loop: loop, configuration: configuration)
  }

  func begin(_ id: Int, _ request: FetchRequest, completion: @escaping Completion) {
    guard !isShutDown else {
      return completion(.failure(FetchError(.shutdown, .notSent, request.endpoint)))
    }
    let timeout = loop.assumeIsolated().scheduleTask(in: TimeAmount(request.timeout)) {
      self.abandon(id, .timeout)
    }
    pending[id] = Pending(request: request, completion: completion, timeout: timeout)
    act(on: request.endpoint) { $0.request(id) }
  }

  /// Ends a request from our side, wherever it is.
  func abandon(_ id: Int, _ kind: FetchError.Kind) {
    guard let entry = pending[id] else { return }
    if let connection = entry.connection {
      settle(id, .failure(error(kind, entry)))
      connections[connection]?.close()
    } else {
      pools[entry.request.endpoint]?.abandoned(id)
      settle(id, .failure(error(kind, entry)))
    }
  }

  func shutdown() {
    isShutDown = true
    sweep?.cancel()
    sweep = nil
    for id in Array(pending.keys) { abandon(id, .shutdown) }
    for connection in Array(connections.values) { connection.close() }
  }

  private func error(
    _ kind: FetchError.Kind, _ entry: Pending, reason: String = ""
  ) -> FetchError {
    FetchError(
      kind, entry.connection == nil ? .notSent : .mayHaveBeenSent, entry.request.endpoint,
      reason: reason)
  }

  private func settle(_ id: Int, _ result: Result<FetchResponse, FetchError>) {
    guard let entry = pending.removeValue(forKey: id) else { return }
    entry.timeout.cancel()
    entry.completion(result)
  }

  // MARK: What the pools decide

  private func act(
    on endpoint: Endpoint, failure: String = "",
    _ decide: (inout EndpointPool) -> [EndpointPool.Action]
  ) {
    let fresh = EndpointPool(
      connectionLimit: configuration.connectionsPerEndpoint,
      waitingLimit: configuration.waitingPerEndpoint)
    let actions = decide(&pools[endpoint, default: fresh])
    if pools[endpoint]?.isUnused == true { pools[endpoint] = nil }
    for action in actions {
      switch action {
      case .assign(let request, let connection): start(request, on: connection, endpoint)
      case .connect: connect(to: endpoint)
      case .close(let connection): connections[connection]?.close()
      case .refuse(let request): fail(request, .overloaded, reason: "")
      case .fail(let request): fail(request, .connectFailed, reason: failure)
      }
    }
    if pools[endpoint]?.hasIdle == true { scheduleSweep() }
  }

  private func fail(_ id: Int, _ kind: FetchError.Kind, reason: String) {
    guard let entry = pending[id] else { return }
    settle(id, .failure(error(kind, entry, reason: reason)))
  }

  private func start(_ id: Int, on connectionID: Int, _ endpoint: Endpoint) {
    guard let connection = connections[connectionID], let entry = pending[id] else {
      return release(connectionID, keeps: connections[connectionID]?.isOpen == true, endpoint)
    }
    pending[id]?.connection = connectionID
    connection.send(entry.request) { outcome in
      switch outcome {
      case .answered(let response, let keeps):
        self.settle(id, .success(response))
        self.release(connectionID, keeps: keeps, endpoint)
      case .failed(let kind, let reason):
        if let entry = self.pending[id] {
          self.settle(id, .failure(self.error(kind, entry, reason: reason)))
        }
        self.release(connectionID, keeps: false, endpoint)
      }
    }
  }

  private func release(_ id: Int, keeps: Bool, _ endpoint: Endpoint) {
    act(on: endpoint) { $0.released(id, isReusable: keeps, at: Self.milliseconds()) }
  }

  private func connect(to endpoint: Endpoint) {
    nextConnection += 1
    let id = nextConnection
    let connection = ClientConnection { [weak self] in self?.gone(id, endpoint) }
    connections[id] = connection
    connector.connect(to: endpoint, connection).assumeIsolated().whenComplete { result in
      switch result {
      case .success where connection.isOpen && !self.isShutDown:
        self.act(on: endpoint) { $0.connected(id, at: Self.milliseconds()) }
      case .success:
        connection.close()
        self.failed(id, endpoint, "closed at once")
      case .failure(let error):
        connection.close()
        self.failed(id, endpoint, Self.reason(error))
      }
    }
  }

  private func failed(_ id: Int, _ endpoint: Endpoint, _ reason: String) {
    connections[id] = nil
    act(on: endpoint, failure: reason) { $0.connectFailed() }
  }

  private func gone(_ id: Int, _ endpoint: Endpoint) {
    guard connections.removeValue(forKey: id) != nil else { return }
    guard pools[endpoint] != nil else { return }
    act(on: endpoint) { $0.closed(id) }
  }

  private static func reason(_ error: any Error) -> String {
    (error as? IOError).map { "errno \($0.errnoCode)" } ?? "\(type(of: error))"
  }

  // MARK: Idle connections

  private func scheduleSweep() {
    guard sweep == nil, !isShutDown else { return }
    let delay = TimeAmount(configuration.idleTime)
    sweep = loop.assumeIsolated().scheduleTask(in: delay) {
      self.sweep = nil
      let limit = Self.milliseconds() - delay.nanoseconds / 1_000_000
      for endpoint in Array(self.pools.keys) {
        self.act(on: endpoint) { $0.expire(before: limit) }
      }
    }
  }

  private static func milliseconds() -> Int64 {
    Int64(NIODeadline.now().uptimeNanoseconds / 1_000_000)
  }
}
