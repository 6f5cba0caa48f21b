/// How to reach a database and how much of it this process may use.
package struct PostgresConfiguration: Sendable {
  /// libpq's connection keywords (`host`, `port`, `dbname`, `user`, `password`, `sslmode`, ...).
  package var parameters: [String: String]
  /// Pipelined connections that all reads share.
  package var sharedConnections = 2
  /// The most connections that transactions may hold at a time.
  package var exclusiveConnections = 5
  /// How many of those are opened at the start instead of when first needed.
  package var minimumExclusiveConnections = 1
  /// The server ends a statement that takes longer. Zero: no limit, and then a server that falls
  /// silent is not noticed either.
  package var statementTimeout = Duration.seconds(30)
  /// The server ends a session that holds a transaction open without doing anything.
  package var idleInTransactionTimeout = Duration.seconds(60)
  /// How long after the statement timeout a connection whose server is silent is given up.
  package var answerSlack = Duration.seconds(10)
  package var connectTimeout = Duration.seconds(5)
  /// Shown in `pg_stat_activity`.
  package var applicationName = "apus"

  package init(parameters: [String: String]) {
    self.parameters = parameters
  }
}

/// The bounds of this layer that are not configuration.
enum Limits {
  /// How long after the loss of the last connection work still waits for a new one, instead of
  /// failing at once; a restart of Postgres that is faster goes unnoticed by reads.
  static let outageGrace = Duration.seconds(5)
  /// Work that may wait for a shared connection during an outage.
  static let parkedExchanges = 4096
  /// Round trips that one shared connection may have in flight.
  static let exchangesPerSharedConnection = 4096
  /// How often a repeatable statement is sent when connections keep breaking under it.
  static let attemptsOfRepeatableWork = 3
  /// Transactions that may wait for an exclusive connection.
  static let waitingTransactions = 1024
  /// How long a transaction waits for a connection while others hold them all.
  static let acquireTimeout = Duration.seconds(15)
  /// Statements that one connection prepares; SQL must not be generated without end.
  static let preparedStatements = 1024
  /// Postgres cuts longer names, which could make two of them one.
  static let statementNameBytes = 63
  /// Bytes of the parameter buffer that are kept between statements.
  static let retainedParameterBytes = 1 << 20
  /// How long the outcome of a COMMIT whose answer was lost is looked for.
  static let commitResolution = Duration.seconds(30)
  /// How long `shutdown` waits for what is in flight.
  static let shutdownGrace = Duration.seconds(5)
  /// Threads that open connections, so that name look-ups, TLS and password hashes stay off
  /// the event loop.
  static let connectingThreads = 2
  /// Scripts and migration steps that may wait for one of those threads.
  static let maintenanceJobs = 256
  /// A failure to connect that is older says nothing about the present.
  static let freshFailure = Duration.seconds(3)
}
