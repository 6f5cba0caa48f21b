import CLibPQ

/// The codes of the fields of an error message.
/// spec: Postgres documentation, "Error and Notice Message Fields"
private enum ErrorField {
  static let severity: Int32 = 0x56  // V, not translated
  static let sqlState: Int32 = 0x43  // C
  static let primaryMessage: Int32 = 0x4D  // M
  static let constraint: Int32 = 0x6E  // n
}

extension PostgresError {
  /// Reads the server's error, leaving out every part that may quote values: the detail, the
  /// context, and for data exceptions (class 22) the message itself.
  init(result: OpaquePointer, statement: String?) {
    func field(_ code: Int32) -> String? {
      PQresultErrorField(result, code).map { String(cString: $0) }
    }
    guard let sqlState = field(ErrorField.sqlState) else {
      self = .connectionLost
      return
    }
    let quotesValues = sqlState.hasPrefix("22")
    self.init(
      Kind(sqlState: sqlState),
      quotesValues ? "invalid data" : field(ErrorField.primaryMessage) ?? "no message",
      sqlState: sqlState, constraint: field(ErrorField.constraint), statement: statement)
  }

  static let connectionLost = PostgresError(.unavailable, "the connection to Postgres broke")
  static let shutDown = PostgresError(.unavailable, "the database layer is shutting down")
}

/// True for errors after which the server closes the connection, and for those that libpq made
/// up itself because the connection is gone.
func endsConnection(_ result: OpaquePointer) -> Bool {
  guard PQresultErrorField(result, ErrorField.sqlState) != nil else { return true }
  guard let severity = PQresultErrorField(result, ErrorField.severity) else { return false }
  let text = String(cString: severity)
  return text == "FATAL" || text == "PANIC"
}
