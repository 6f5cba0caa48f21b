import CLibPQ
import Glibc
import Logging

private let noticeLogger = Logger(label: "apus.postgres.notice")

private func noteAtDebugLevel(_ notice: OpaquePointer?) {
  guard let notice else { return }
  noticeLogger.debug("\(PostgresError(result: notice, statement: nil))")
}

/// A connection that blocks the calling thread; for opening sessions and for migrations, which
/// are scripts of many statements. Use it on a `BlockingPool` only.
///
/// `@unchecked`: used by one job at a time.
final class BlockingSession: @unchecked Sendable {
  private var handle: OpaquePointer?

  /// - Parameter limited: whether the configured timeouts apply to the session's statements.
  init(
    _ configuration: PostgresConfiguration, limited: Bool
  ) throws(PostgresError) {
    let keywords = Self.keywords(configuration, limited: limited).sorted { $0.key < $1.key }
    let handle = Self.connect(keywords)
    guard let handle else { throw PostgresError(.unavailable, "out of memory for a connection") }
    guard PQstatus(handle) == CONNECTION_OK else {
      let error = Self.connectError(handle)
      PQfinish(handle)
      throw error
    }
    self.handle = handle
    PQsetNoticeReceiver(handle, { _, notice in noteAtDebugLevel(notice) }, nil)
  }

  deinit {
    close()
  }

  func close() {
    if let handle = handle.take() { PQfinish(handle) }
  }

  /// Gives the connection away; the session is over.
  func release() -> OpaquePointer? {
    handle.take()
  }

  /// Runs one statement or a script; the rows are those of its last statement, as text.
  @discardableResult
  func run(_ sql: String) throws(PostgresError) -> Rows {
    guard let handle else { throw .connectionLost }
    guard let result = PQexec(handle, sql) else { throw .connectionLost }
    switch PQresultStatus(result) {
    case PGRES_COMMAND_OK, PGRES_TUPLES_OK: return Rows(result)
    default:
      let error = PostgresError(result: result, statement: nil)
      PQclear(result)
      throw error
    }
  }

  private static func keywords(
    _ configuration: PostgresConfiguration, limited: Bool
  ) -> [String: String] {
    var keywords = configuration.parameters
    let given = keywords["options"].map { $0 + " " } ?? ""
    let (statement, idle) =
      limited
      ? (configuration.statementTimeout, configuration.idleInTransactionTimeout)
      : (.zero, .zero)
    keywords["options"] =
      given + "-c statement_timeout=\(statement.milliseconds)"
      + " -c idle_in_transaction_session_timeout=\(idle.milliseconds)"
    keywords["client_encoding"] = "UTF8"
    keywords["application_name"] = configuration.applicationName
    if keywords["connect_timeout"] == nil {
      keywords["connect_timeout"] = "\(max(configuration.connectTimeout.components.seconds, 2))"
    }
    return keywords
  }

  private static func connect(_ keywords: [(key: String, value: String)]) -> OpaquePointer? {
    let texts = keywords.map { (strdup($0.key), strdup($0.value)) }
    defer {
      for (key, value) in texts {
        free(key)
        free(value)
      }
    }
    let names = texts.map { UnsafePointer<CChar>($0.0) } + [nil]
    let values = texts.map { UnsafePointer<CChar>($0.1) } + [nil]
    return PQconnectdbParams(names, values, 0)
  }

  /// libpq's message names the host, the database and the user, never the password.
  private static func connectError(_ handle: OpaquePointer) -> PostgresError {
    let text = PQerrorMessage(handle).map { String(cString: $0) } ?? ""
    let line = text.split(separator: "\n").joined(separator: "; ")
    return PostgresError(.unavailable, "cannot connect to Postgres: \(line)")
  }
}

extension Duration {
  var milliseconds: Int64 {
    components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
  }
}
