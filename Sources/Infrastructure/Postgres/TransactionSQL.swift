/// The statements that frame a transaction.
enum TransactionSQL {
  static let commit = Statement("commit", "COMMIT")
  static let rollback = Statement("rollback", "ROLLBACK")

  /// Where the transaction's id stands among the answers to `opening`.
  static let idPosition = 1

  private static let takeID = Statement("transaction_id", "SELECT pg_current_xact_id()")

  static func opening(_ options: TransactionOptions) -> [Query] {
    let begin = Query(begin(options))
    return options.write ? [begin, Query(takeID)] : [begin]
  }

  private static func begin(_ options: TransactionOptions) -> Statement {
    switch (options.isolation, options.write) {
    case (.readCommitted, true): beginReadCommitted
    case (.readCommitted, false): beginReadCommittedRead
    case (.repeatableRead, true): beginRepeatableRead
    case (.repeatableRead, false): beginRepeatableReadRead
    case (.serializable, true): beginSerializable
    case (.serializable, false): beginSerializableRead
    }
  }

  private static let beginReadCommitted = Statement(
    "begin_read_committed", "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
  private static let beginReadCommittedRead = Statement(
    "begin_read_committed_read", "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY")
  private static let beginRepeatableRead = Statement(
    "begin_repeatable_read", "BEGIN ISOLATION LEVEL REPEATABLE READ READ WRITE")
  private static let beginRepeatableReadRead = Statement(
    "begin_repeatable_read_read", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
  private static let beginSerializable = Statement(
    "begin_serializable", "BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE")
  private static let beginSerializableRead = Statement(
    "begin_serializable_read", "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY")
}
