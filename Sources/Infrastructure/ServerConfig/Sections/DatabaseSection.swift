/// How to reach Postgres, and with how many connections from each process.
package struct DatabaseSection: Sendable {
  /// libpq keywords, passed on as they are.
  package var parameters: [String: String] = [:]
  /// Nil: as few as the process needs to begin with.
  package var minimumConnections: Int?
  package var maximumConnections = 10
  package var statementTimeout: Duration = .seconds(60)

  /// One for single statements, one for transactions.
  private static let fewestConnections = 2

  private static let keywords: Set<String> = [
    "host", "hostaddr", "port", "user", "password", "passfile", "dbname", "options",
    "application_name", "fallback_application_name", "connect_timeout", "client_encoding",
    "tcp_user_timeout", "keepalives", "keepalives_idle", "keepalives_interval",
    "keepalives_count", "sslmode", "sslcompression", "sslcert", "sslkey", "sslpassword",
    "sslrootcert", "sslcrl", "sslcrldir", "sslsni", "requirepeer", "ssl_min_protocol_version",
    "ssl_max_protocol_version", "channel_binding", "krbsrvname", "gsslib", "gssencmode",
    "service", "target_session_attrs", "load_balance_hosts",
  ]
  /// Of Synapse's connection pool, without a meaning here.
  private static let poolKeys: Set<String> = [
    "cp_reconnect", "cp_noisy", "cp_openfun", "cp_good_sql", "async",
  ]

  init(_ top: ConfigSection) {
    if top.has("databases") {
      top.problems.error(
        "databases", "database", at: top.location(of: "databases"),
        "Splitting the data over several databases is not possible.",
        fix: "use one `database` in place of `databases`")
    }
    guard let section = top.optionalSection("database") else {
      if !top.has("database"), !top.has("databases") {
        top.problems.error(
          "database", at: nil, "There is no database.",
          fix: "add `database: {name: postgres, args: {dbname: apus, user: apus, host: ...}}`")
      }
      return
    }
    section.accept(["txn_limit", "allow_unsafe_locale", "allow_outdated_version"])
    Self.checkName(section)
    section.read("statement_timeout", into: &statementTimeout)
    readArguments(section.section("args"))
    section.reportUnknown()
  }

  private static func checkName(_ section: ConfigSection) {
    switch section.string("name") {
    case "psycopg2", "postgres", "postgresql": return
    case "sqlite3":
      section.problems.error(
        "database.name", at: section.location(of: "name"), "SQLite is not supported.",
        fix: "use PostgreSQL: `name: postgres`")
    case let name?:
      section.problems.error(
        "database.name", at: section.location(of: "name"), "The database \(name) is not known.",
        fix: "use `postgres` (or Synapse's `psycopg2`, which means the same)")
    case nil:
      if !section.has("name") {
        section.problems.error(
          "database.name", at: section.location, "The database's kind is missing.",
          fix: "add `name: postgres`")
      }
    }
  }

  private mutating func readArguments(_ section: ConfigSection) {
    section.read("cp_max", into: &maximumConnections, in: Self.fewestConnections...10_000)
    minimumConnections = section.integer("cp_min", in: 0...10_000)
    if let minimum = minimumConnections, minimum > maximumConnections {
      section.problems.error(
        section.name("cp_min"), section.name("cp_max"), at: section.location(of: "cp_min"),
        "\(minimum) connections at least, but \(maximumConnections) at most.",
        fix: "set `cp_min` to \(maximumConnections) or less")
    }
    section.accept(Self.poolKeys)
    for key in section.keys where Self.keywords.contains(key) || key == "database" {
      parameters[key == "database" ? "dbname" : key] = Self.text(key, section)
    }
    if parameters["options"]?.lowercased().contains("synchronous_commit=off") == true {
      section.problems.error(
        section.name("options"), "postgres:synchronous_commit",
        at: section.location(of: "options"),
        "With synchronous_commit off, Postgres forgets what it has acknowledged.",
        fix: "remove it from `options`")
    }
    section.reportUnknown(besides: Self.keywords)
  }

  /// libpq takes every value as text.
  private static func text(_ key: String, _ section: ConfigSection) -> String? {
    guard let node = section.node(key) else { return nil }
    switch node.value {
    case .string(let text): return text
    case .integer(let number): return String(number)
    case .bool(let value): return value ? "1" : "0"
    default:
      section.wrongType(key, node, expected: "text or a number")
      return nil
    }
  }
}
