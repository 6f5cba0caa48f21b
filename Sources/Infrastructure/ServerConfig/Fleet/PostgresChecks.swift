/// What a Postgres server says of itself, as far as the configuration depends on it.
package struct PostgresSettings: Sendable, Hashable {
  package var synchronousCommit: String
  package var fsync: Bool
  package var encoding: String
  package var maxConnections: Int
  /// How many of those ordinary roles cannot have.
  package var reservedConnections: Int

  package init(
    synchronousCommit: String, fsync: Bool, encoding: String, maxConnections: Int,
    reservedConnections: Int
  ) {
    self.synchronousCommit = synchronousCommit
    self.fsync = fsync
    self.encoding = encoding
    self.maxConnections = maxConnections
    self.reservedConnections = reservedConnections
  }
}

/// Contradictions between the configuration and the Postgres that it points at.
package enum PostgresChecks {
  /// `local` waits for this server's disk, which is what matters here.
  private static let durableCommits: Set<String> = ["on", "local", "remote_write", "remote_apply"]

  /// - Parameter pools: `cp_max` of every process of the fleet.
  package static func problems(
    _ settings: PostgresSettings, pools: [Int]
  ) -> [ConfigProblem] {
    var problems = durability(settings)
    if settings.encoding.uppercased() != "UTF8" {
      problems.append(
        ConfigProblem(
          .error, ["database.args.dbname", "postgres:server_encoding"],
          "The database has the encoding \(settings.encoding); Matrix is UTF-8.",
          fix: "create it with `createdb --encoding=UTF8 --locale=C --template=template0`"))
    }
    return problems
      + connections(
        pools: pools, maxConnections: settings.maxConnections,
        reserved: settings.reservedConnections)
  }

  private static func durability(_ settings: PostgresSettings) -> [ConfigProblem] {
    var problems: [ConfigProblem] = []
    if !durableCommits.contains(settings.synchronousCommit) {
      problems.append(
        ConfigProblem(
          .error, ["database", "postgres:synchronous_commit"],
          "synchronous_commit is \(settings.synchronousCommit): Postgres would forget events "
            + "that were acknowledged.",
          fix: "set `synchronous_commit = on` in postgresql.conf, and for the role and database"))
    }
    if !settings.fsync {
      problems.append(
        ConfigProblem(
          .warning, ["database", "postgres:fsync"],
          "fsync is off: a power failure can destroy the whole database.",
          fix: "set `fsync = on` in postgresql.conf"))
    }
    return problems
  }

  /// All pools at their largest must fit, or the last process to start fails under load.
  package static func connections(
    pools: [Int], maxConnections: Int, reserved: Int
  ) -> [ConfigProblem] {
    let wanted = pools.reduce(0, +)
    let free = maxConnections - reserved
    guard wanted > free else { return [] }
    let processes = pools.count == 1 ? "the process" : "\(pools.count) processes"
    return [
      ConfigProblem(
        .error, ["database.args.cp_max", "postgres:max_connections"],
        "\(processes) may open \(wanted) connections, but Postgres allows \(max(free, 0)) "
          + "(max_connections \(maxConnections), \(reserved) of them reserved).",
        fix: "set `cp_max` to \(max(1, free / max(1, pools.count))) or less, or "
          + "`max_connections` to at least \(wanted + reserved)")
    ]
  }
}

extension HomeserverConfig {
  /// `cp_max` of every process that this configuration knows of, as if all were like this one.
  package var assumedPools: [Int] {
    [Int](repeating: database.maximumConnections, count: fleet.workerNames.count + 1)
  }

  package func problems(with settings: PostgresSettings) -> [ConfigProblem] {
    PostgresChecks.problems(settings, pools: assumedPools)
  }
}
