/// A numbered step of the schema. Once released it is never changed.
///
/// Programs of the version before run while it is applied and after it, so it adds what they need
/// not know of: tables, columns with defaults. One that takes away or changes what they use says
/// so, and is applied only when none of them runs any more.
package struct Migration: Sendable {
  package let number: Int
  package let name: String
  /// One or more statements, run in one transaction.
  package let sql: String
  /// Programs that do not know it cannot use the database any more.
  package let breaksOlder: Bool

  package init(number: Int, name: String, breaksOlder: Bool = false, sql: String) {
    self.number = number
    self.name = name
    self.sql = sql
    self.breaksOlder = breaksOlder
  }

  /// FNV-1a over the SQL: tells an edited migration, and is no protection against malice.
  var checksum: String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in sql.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}

/// How patient a migration is with those who use the database meanwhile.
package struct MigrationTiming: Sendable {
  /// How long a statement waits for a table that others use; the others' next statements wait as
  /// long behind it.
  package var lockTimeout = Duration.milliseconds(500)
  /// Between two tries, when the others go on.
  package var retryPause = Duration.seconds(1)
  /// How long it is tried to get at the tables.
  package var lockPatience = Duration.seconds(300)
  /// How long programs that it would break may take to end.
  package var departurePatience = Duration.seconds(60)

  package init() {}
}
