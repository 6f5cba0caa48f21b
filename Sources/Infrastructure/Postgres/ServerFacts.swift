/// What a Postgres server says of itself, for deciding whether Apus may use it.
package struct ServerFacts: Sendable, Equatable {
  /// As in `server_version_num`: 150004 for 15.4.
  package let version: Int
  /// Anything but `on` or stronger loses acknowledged events in a crash.
  package let synchronousCommit: String
  package let fsync: Bool
  /// The encoding of the database.
  package let encoding: String
  package let collation: String
  package let characterType: String
  package let maxConnections: Int
  /// How many of those ordinary roles cannot have.
  package let reservedConnections: Int
}

extension Database {
  private static let serverFacts = Statement(
    "server_facts",
    """
    SELECT current_setting('server_version_num')::bigint, current_setting('synchronous_commit'),
      current_setting('fsync')::boolean, pg_encoding_to_char(d.encoding)::text,
      d.datcollate::text, d.datctype::text, current_setting('max_connections')::bigint,
      current_setting('superuser_reserved_connections')::bigint
    FROM pg_database d WHERE d.datname = current_database()
    """)

  /// Asks the server for its settings as they hold for this database and role.
  package func checkServer() async throws -> ServerFacts {
    let rows = try await query(Self.serverFacts, [])
    guard let version = rows.int(0, 0), let synchronousCommit = rows.text(0, 1),
      let fsync = rows.bool(0, 2), let encoding = rows.text(0, 3),
      let collation = rows.text(0, 4), let characterType = rows.text(0, 5),
      let maxConnections = rows.int(0, 6), let reserved = rows.int(0, 7)
    else { throw PostgresError(.other, "the server does not describe itself as expected") }
    return ServerFacts(
      version: Int(version), synchronousCommit: synchronousCommit, fsync: fsync,
      encoding: encoding, collation: collation, characterType: characterType,
      maxConnections: Int(maxConnections), reservedConnections: Int(reserved))
  }
}
