import ArgumentParser
import Executors
import Logging
import MatrixIdentifiers
import NIOCore
import NIOPosix
import Postgres
import ServerConfig

struct ConfigCheckCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Explains what is wrong with a configuration, by key and with the fix.",
    discussion: """
      Nothing is started. With --workers the files of all processes are checked side by side \
      too: names, ports and the number of database connections. The exit code is 1 when there \
      are errors.
      """)

  @OptionGroup var options: FleetOptions

  @Flag(help: "Connect to the database and check its settings as well.")
  var database = false

  @Option(help: "Postgres's max_connections, to check that all processes' pools fit.")
  var maxConnections: Int?

  /// Postgres keeps so many for administrators unless told otherwise.
  private static let usualReservedConnections = 3
  private static let databasePatience = Duration.seconds(5)

  /// What the checks beyond the files themselves need.
  private struct Subject {
    let serverName: String
    let database: DatabaseSection
    /// `cp_max` of each process.
    let pools: [Int]
    let warnings: [ConfigProblem]
  }

  func run() async throws {
    let subject: Subject
    do throws(ConfigFailure) {
      subject = try read()
    } catch {
      print(error.description)
      throw Self.verdict(error.problems)
    }
    var problems = subject.warnings
    if let maxConnections {
      problems += PostgresChecks.connections(
        pools: subject.pools, maxConnections: maxConnections,
        reserved: Self.usualReservedConnections)
    }
    if database { problems += try await databaseProblems(subject) }
    if !problems.isEmpty { print(problems.report()) }
    guard problems.errors.isEmpty else { throw Self.verdict(problems) }
    print(
      "The configuration of \(subject.serverName) is usable: "
        + "\(subject.pools.count) process\(subject.pools.count == 1 ? "" : "es"), "
        + "\(problems.warnings.count) warning\(problems.warnings.count == 1 ? "" : "s").")
  }

  /// Without --workers, the files are those of one process, whichever it is.
  private func read() throws(ConfigFailure) -> Subject {
    if options.workers.isEmpty {
      let loaded = try HomeserverConfig.load(paths: options.config.configPath)
      return Subject(
        serverName: loaded.config.server.serverName.text, database: loaded.config.database,
        pools: loaded.config.assumedPools, warnings: loaded.warnings)
    }
    let fleet = try Fleet.load(shared: options.config.configPath, workers: options.workers)
    return Subject(
      serverName: fleet.main.server.serverName.text, database: fleet.main.database,
      pools: fleet.pools, warnings: fleet.warnings)
  }

  private static func verdict(_ problems: [ConfigProblem]) -> ExitCode {
    let count = problems.errors.count
    Terminal.writeError("\(count) error\(count == 1 ? "" : "s"): the server would not start.")
    return .failure
  }

  private func databaseProblems(_ subject: Subject) async throws -> [ConfigProblem] {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let database = Database(
      configuration: PostgresConfiguration(parameters: subject.database.parameters),
      executor: LoopExecutor(loop: group.next()),
      logger: Logger(label: "apusctl") { _ in SwiftLogNoOpLogHandler() })
    do {
      try await database.start(timeout: Self.databasePatience)
      let facts = try await database.checkServer()
      await database.shutdown()
      let settings = PostgresSettings(
        synchronousCommit: facts.synchronousCommit, fsync: facts.fsync, encoding: facts.encoding,
        maxConnections: facts.maxConnections, reservedConnections: facts.reservedConnections)
      return PostgresChecks.problems(settings, pools: subject.pools)
    } catch let error as PostgresError {
      await database.shutdown()
      return [
        ConfigProblem(
          .error, ["database.args"], "The database does not answer: \(error.message)",
          fix: "check that Postgres runs and that `database.args` leads to it")
      ]
    }
  }
}
