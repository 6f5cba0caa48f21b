package import Postgres

/// Gives each instance of the configuration the number that its rows and tokens carry.
package enum InstanceRegistry {
  private static let register = Statement(
    "streams_register_instance",
    """
    WITH added AS (
      INSERT INTO instances (instance_name)
      SELECT $1 WHERE NOT EXISTS (SELECT 1 FROM instances WHERE instance_name = $1)
      ON CONFLICT (instance_name) DO NOTHING
      RETURNING instance_id
    )
    SELECT instance_id FROM added
    UNION ALL
    SELECT instance_id FROM instances WHERE instance_name = $1
    """, repeatable: true)
  /// How often a registration may lose a race against another one of the same name.
  private static let tries = 3

  /// The instance's number, which stays the same for ever.
  /// - Throws: `PostgresError`.
  package static func register(
    _ name: String, on database: any Querying
  ) async throws -> WriterID {
    for _ in 0..<tries {
      let rows = try await database.query(register, [.text(name)])
      if let id = rows.int(0, 0).flatMap({ Int32(exactly: $0) }) { return WriterID(raw: id) }
    }
    throw PostgresError(.other, "the instance could not be registered")
  }
}
