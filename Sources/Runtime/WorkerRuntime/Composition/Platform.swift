import Executors
import HTTPFetching
import HTTPServing
import Logging
import MatrixIdentifiers
import Postgres
import Redis
import ReplicationAPI
import ServerConfig
import Streams
import Telemetry

/// What every process stands on, whatever its role. Nothing in here is started yet.
struct Platform {
  /// Threads for password hashes and other long computations.
  private static let blockingThreads = 2
  private static let blockingQueue = 256
  /// Pipelined connections for single statements.
  private static let sharedConnections = 2

  let config: HomeserverConfig
  let executor: LoopExecutor
  let logger: Logger
  let clock: any WallClock
  let metrics: PrometheusRegistry
  let database: Database
  let bus: any ReplicationBus
  let client: HTTPClient
  let shutdown: ShutdownSignal
  let blocking: BlockingPool

  /// - Parameter shutdown: given when the process begins to stop.
  init(
    config: HomeserverConfig, executor: LoopExecutor, metrics: PrometheusRegistry,
    shutdown: ShutdownSignal = ShutdownSignal()
  ) {
    self.config = config
    self.shutdown = shutdown
    self.executor = executor
    self.metrics = metrics
    logger = Logger(label: "apus")
    clock = SystemClock()
    database = Database(
      configuration: Self.postgres(config), executor: executor,
      logger: Logger(label: "apus.postgres"))
    bus = Self.bus(config, executor)
    client = HTTPClient(executor: executor)
    blocking = BlockingPool(threads: Self.blockingThreads, queueLimit: Self.blockingQueue)
  }

  /// - Parameter name: of another process, as `instance_map` has it.
  func peer(_ name: String, at location: InstanceLocation) -> ReplicationPeer {
    ReplicationPeer(
      name: name, client: client, endpoint: Endpoint(location),
      secret: config.fleet.replicationSecret ?? "", shutdown: shutdown,
      logger: Logger(label: "apus.replication"))
  }

  private static func postgres(_ config: HomeserverConfig) -> PostgresConfiguration {
    var postgres = PostgresConfiguration(parameters: config.database.parameters)
    let most = config.database.maximumConnections
    postgres.sharedConnections = min(sharedConnections, most - 1)
    postgres.exclusiveConnections = most - postgres.sharedConnections
    postgres.minimumExclusiveConnections = max(
      config.duties.contains(.writeEvents) ? 1 : 0,
      (config.database.minimumConnections ?? 0) - postgres.sharedConnections)
    postgres.statementTimeout = config.database.statementTimeout
    postgres.idleInTransactionTimeout = .seconds(10)
    postgres.applicationName = SchemaLevel(Schema.migrations)
      .applicationName(of: config.identity.instanceName)
    return postgres
  }

  private static func bus(
    _ config: HomeserverConfig, _ executor: LoopExecutor
  ) -> any ReplicationBus {
    guard config.redis.enabled else { return InMemoryBus() }
    let redis = config.redis
    let endpoint: RedisConfiguration.Endpoint =
      redis.path.map { .unix(path: $0) } ?? .tcp(host: redis.host, port: redis.port)
    return RedisBus(
      serverName: config.server.serverName.text,
      configuration: RedisConfiguration(
        endpoint: endpoint, username: redis.username, password: redis.password,
        database: redis.database),
      executor: executor, logger: Logger(label: "apus.redis"))
  }
}
