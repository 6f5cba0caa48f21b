import Executors
import Glibc
package import Logging
package import Postgres
import Synchronization

/// Databases for tests: a fresh one for each, on one server that all tests of the process share.
/// The environment variable `APUS_TEST_POSTGRES` (libpq keywords of a superuser, such as
/// `host=/run/postgresql user=postgres`) names a server to use instead of an own one.
package enum TestPostgres {
  package static let logger: Logger = {
    var logger = Logger(label: "test")
    logger.logLevel = getenv("APUS_TEST_VERBOSE") == nil ? .critical : .debug
    return logger
  }()

  private static let server = SharedServer()

  /// Gives `body` a started database with the migrations applied; both end with it.
  /// `body` runs on `TestLoop`.
  package static func withDatabase<Value: Sendable>(
    migrations: [Migration] = [],
    settings: TestSettings = TestSettings(),
    _ body: @Sendable (Database) async throws -> Value
  ) async throws -> Value {
    try await withFreshDatabase(migrations: migrations) { configuration in
      try await with(settings.applied(to: configuration), body)
    }
  }

  /// Gives `body` the configuration of a new database, for tests that make several `Database`s
  /// of it (as several processes do). `body` runs on `TestLoop`.
  package static func withFreshDatabase<Value: Sendable>(
    migrations: [Migration] = [],
    _ body: @Sendable (PostgresConfiguration) async throws -> Value
  ) async throws -> Value {
    await server.enter()
    let outcome: Result<Value, any Error>
    do {
      outcome = .success(try await withNewDatabase(migrations, body))
    } catch {
      outcome = .failure(error)
    }
    await server.leave()
    return try outcome.get()
  }

  private static func withNewDatabase<Value: Sendable>(
    _ migrations: [Migration], _ body: @Sendable (PostgresConfiguration) async throws -> Value
  ) async throws -> Value {
    let parameters = try await server.parameters()
    let administrator = try await server.administrator()
    let template = migrations.isEmpty ? "template0" : try await server.template(of: migrations)
    let name = nextName()
    try await administrator.runScript("CREATE DATABASE \(name) TEMPLATE \(template)")
    let outcome: Result<Value, any Error>
    do {
      let configuration = configuration(parameters, database: name)
      outcome = .success(try await TestLoop.run { try await body(configuration) })
    } catch {
      outcome = .failure(error)
    }
    try await administrator.runScript("DROP DATABASE \(name) WITH (FORCE)")
    return try outcome.get()
  }

  /// Starts a `Database` for the time of `body`.
  package static func with<Value: Sendable>(
    _ configuration: PostgresConfiguration, _ body: @Sendable (Database) async throws -> Value
  ) async throws -> Value {
    let database = Database(
      configuration: configuration, executor: TestLoop.executor, logger: logger)
    do {
      try await database.start(timeout: .seconds(30))
      let value = try await body(database)
      await database.shutdown()
      return value
    } catch {
      await database.shutdown()
      throw error
    }
  }

  /// Gives `body` a server of its own to stop and restart, and a database on it.
  package static func withOwnCluster<Value: Sendable>(
    settings: TestSettings = TestSettings(),
    _ body: @Sendable (TestCluster, Database) async throws -> Value
  ) async throws -> Value {
    let cluster = try await TestCluster.start()
    let configuration = settings.applied(
      to: configuration(cluster.parameters, database: "postgres"))
    let outcome: Result<Value, any Error>
    do {
      outcome = .success(
        try await TestLoop.run { try await with(configuration) { try await body(cluster, $0) } })
    } catch {
      outcome = .failure(error)
    }
    try await cluster.stop(.immediate)
    return try outcome.get()
  }

  private static let lastName = Mutex(0)

  fileprivate static func nextName() -> String {
    let number = lastName.withLock { last in
      last += 1
      return last
    }
    return "apus_test_\(getpid())_\(number)"
  }

  fileprivate static func configuration(
    _ parameters: [String: String], database: String
  ) -> PostgresConfiguration {
    PostgresConfiguration(parameters: parameters.merging(["dbname": database]) { $1 })
  }
}

/// The server of all tests, and the migrated databases that fresh ones are copied from.
private actor SharedServer {
  /// Tests run all at once; the server could not take so many connections.
  private static let databasesAtATime = 12

  private var inside = 0
  private var waiting: [CheckedContinuation<Void, Never>] = []
  private var cluster: Task<[String: String], any Error>?
  private var connected: Database?
  private var templates: [String: Task<String, any Error>] = [:]

  /// Waits for the turn to use a database; to be followed by `leave`.
  func enter() async {
    guard inside >= Self.databasesAtATime else {
      inside += 1
      return
    }
    await withCheckedContinuation { waiting.append($0) }
  }

  func leave() {
    if waiting.isEmpty { inside -= 1 } else { waiting.removeFirst().resume() }
  }

  func parameters() async throws -> [String: String] {
    if let cluster { return try await cluster.value }
    let task = Task(executorPreference: TestLoop.executor) { try await Self.findOrStart() }
    cluster = task
    return try await task.value
  }

  /// For scripts as superuser; not started.
  func administrator() async throws -> Database {
    let parameters = try await parameters()
    if let connected { return connected }
    let database = Database(
      configuration: TestPostgres.configuration(parameters, database: "postgres"),
      executor: TestLoop.executor, logger: TestPostgres.logger)
    connected = database
    return database
  }

  func template(of migrations: [Migration]) async throws -> String {
    let key = migrations.map { "\($0.number):\($0.name):\($0.sql)" }.joined(separator: "\n")
    if let known = templates[key] { return try await known.value }
    let parameters = try await parameters()
    let administrator = try await administrator()
    if let known = templates[key] { return try await known.value }
    let task = Task(executorPreference: TestLoop.executor) {
      let name = TestPostgres.nextName()
      try await administrator.runScript("CREATE DATABASE \(name) TEMPLATE template0")
      let database = Database(
        configuration: TestPostgres.configuration(parameters, database: name),
        executor: TestLoop.executor, logger: TestPostgres.logger)
      let migrator = Migrator(
        database: database, migrations: migrations, logger: TestPostgres.logger)
      try await migrator.migrate()
      await database.shutdown()
      return name
    }
    templates[key] = task
    return try await task.value
  }

  private static func findOrStart() async throws -> [String: String] {
    guard let given = getenv("APUS_TEST_POSTGRES") else {
      return try await TestCluster.start().parameters
    }
    var parameters: [String: String] = [:]
    for word in String(cString: given).split(separator: " ") {
      let parts = word.split(separator: "=", maxSplits: 1)
      if parts.count == 2 { parameters[String(parts[0])] = String(parts[1]) }
    }
    return parameters
  }
}
