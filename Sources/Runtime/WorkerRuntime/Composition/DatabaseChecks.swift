import Logging
import Postgres
import ServerConfig
import Telemetry

/// Refuses a database that would lose data or run out of connections.
struct DatabaseChecks {
  let platform: Platform

  func run() async throws {
    let facts = try await platform.database.checkServer()
    let settings = PostgresSettings(
      synchronousCommit: facts.synchronousCommit, fsync: facts.fsync, encoding: facts.encoding,
      maxConnections: facts.maxConnections, reservedConnections: facts.reservedConnections)
    let problems = platform.config.problems(with: settings)
    if !problems.warnings.isEmpty {
      platform.logger.warning("\(problems.warnings.report())")
    }
    guard problems.errors.isEmpty else { throw ConfigFailure(problems) }
  }
}
