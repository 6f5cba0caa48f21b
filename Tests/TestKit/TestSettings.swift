import Postgres

/// What a test wants of a `Database` other than the defaults.
package struct TestSettings: Sendable {
  package var shared = 2
  package var exclusive = 5
  package var minimumExclusive = 0
  package var statementTimeout = Duration.seconds(30)
  package var answerSlack = Duration.seconds(10)
  package var applicationName = "apus-test"
  /// Settings for the server, as in `-c work_mem=5MB`.
  package var options: String?

  package init(
    shared: Int = 2, exclusive: Int = 5, statementTimeout: Duration = .seconds(30),
    answerSlack: Duration = .seconds(10), options: String? = nil
  ) {
    self.shared = shared
    self.exclusive = exclusive
    self.statementTimeout = statementTimeout
    self.answerSlack = answerSlack
    self.options = options
  }

  func applied(to configuration: PostgresConfiguration) -> PostgresConfiguration {
    var configuration = configuration
    configuration.sharedConnections = shared
    configuration.exclusiveConnections = exclusive
    configuration.minimumExclusiveConnections = minimumExclusive
    configuration.statementTimeout = statementTimeout
    configuration.answerSlack = answerSlack
    configuration.applicationName = applicationName
    if let options { configuration.parameters["options"] = options }
    return configuration
  }
}
