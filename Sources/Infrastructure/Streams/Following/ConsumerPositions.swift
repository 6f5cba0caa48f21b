package import Postgres

/// How far a consumer that acts on a stream (a federation sender, a pusher) has come, kept in
/// the database across restarts.
package struct ConsumerPositions: Sendable {
  private static let load = Statement(
    "streams_consumer_load",
    "SELECT instance_id, position FROM consumer_positions WHERE consumer = $1 AND stream = $2")
  private static let store = Statement(
    "streams_consumer_store",
    """
    INSERT INTO consumer_positions AS c (consumer, stream, instance_id, position)
    SELECT $1, $2, instance_id, position
    FROM unnest($3, $4) AS given (instance_id, position)
    ON CONFLICT (consumer, stream, instance_id) DO UPDATE
    SET position = excluded.position WHERE c.position < excluded.position
    """)

  private let consumer: String
  private let stream: StreamName
  private let database: any Querying

  /// - Parameter consumer: unique in the fleet; sharded consumers have one name a shard.
  package init(consumer: String, stream: StreamName, database: any Querying) {
    self.consumer = consumer
    self.stream = stream
    self.database = database
  }

  /// Nil for a consumer that never stored any.
  /// - Throws: `PostgresError`.
  package func load() async throws -> [WriterID: Int64]? {
    let rows = try await database.query(
      Self.load, [.text(consumer), .text(stream.rawValue)])
    var positions: [WriterID: Int64] = [:]
    for row in 0..<rows.count {
      guard let raw = rows.int(row, 0).flatMap({ Int32(exactly: $0) }),
        let position = rows.int(row, 1)
      else { continue }
      positions[WriterID(raw: raw)] = position
    }
    return positions.isEmpty ? nil : positions
  }

  /// Positions never go back: lower ones are ignored.
  /// - Throws: `PostgresError`.
  package func store(_ positions: [WriterID: Int64]) async throws {
    _ = try await database.query(
      Self.store,
      [
        .text(consumer), .text(stream.rawValue),
        .ints(positions.keys.map { Int64($0.raw) }), .ints(Array(positions.values)),
      ])
  }
}
