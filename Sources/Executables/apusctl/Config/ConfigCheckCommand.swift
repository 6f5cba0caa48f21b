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

  func run() async throws {
    let fleet: Fleet
    do throws(ConfigFailure) {
      fleet = try Fleet.load(shared: options.config.configPath, workers: options.workers)
    } catch {
      print(error.description)
      throw Self.verdict(error.problems)
    }
    var problems = fleet.warnings
    if let maxConnections {
      problems += PostgresChecks.connections(
        pools: fleet.pools, maxConnections: maxConnections,
        reserved: Self.usualReservedConnections)
    }
    if database { problems += try await databaseProblems(fleet) }
    if !problems.isEmpty { print(problems.report()) }
    guard problems.errors.isEmpty else { throw Self.verdict(problems) }
    print(
      "The configuration of \(fleet.main.server.serverName.text) is usable: "
        + "\(fleet.processes.count) process\(fleet.processes.count == 1 ? "" : "es"), "
        + "\(problems.warnings.count) warning\(problems.warnings.count == 1 ? "" : "s").")
  }

  private static func verdict(_ problems: [ConfigProblem]) -> ExitCode {
    let count = problems.errors.count
    Terminal.writeError("\(count) error\(count == 1 ? "" : "s"): the server would not start.")
    return .failure
  }

  private func databaseProblems(_ fleet: Fleet) async throws -> [ConfigProblem] {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let database = Database(
      configuration: PostgresConfiguration(parameters: fleet.main.database.parameters),
      executor: LoopExecutor(loop: group.next()),
      logger: Logger(label: "apusctl") { _ in SwiftLogNoOpLogHandler() })
    do {
      try await database.start(timeout: Self.databasePatience)
      let facts = try await database.checkServer()
      await database.shutdown()
      let settings = PostgresSettings(
        synchronousCommit: facts.synchronousCommit, fsync: facts.fsync, encoding: facts.encoding,
        maxConnections: facts.maxConnections, reservedConnections: facts.reservedConnections)
      return PostgresChecks.problems(settings, pools: fleet.pools)
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
