package import MatrixIdentifiers
package import Postgres
package import Streams

/// A user's rules as they are stored.
package struct StoredRuleset: Sendable {
  package let user: UserID
  package let rules: PushRuleset
  package let position: Int64
}

/// Reads the rules of users who changed some; users who are not found have the predefined ones.
package struct RulesetStore: Sendable {
  private static let columns = "user_id, rules, stream_position"
  private static let selectOf = Statement(
    "push_rulesets_of_users",
    "SELECT \(columns) FROM push_rulesets WHERE user_id = ANY($1)")
  private static let selectRange = Statement(
    "push_rulesets_range",
    """
    SELECT stream_position, user_id FROM push_rulesets
    WHERE writer = $1 AND stream_position > $2 AND stream_position <= $3
    ORDER BY stream_position LIMIT $4
    """)
  private static let selectPosition = Statement(
    "push_rulesets_position",
    "SELECT stream_position, writer FROM push_rulesets WHERE user_id = $1")
  private static let upsert = Statement(
    "push_rulesets_upsert",
    """
    INSERT INTO push_rulesets (user_id, rules, stream_position, writer)
    VALUES ($1, $2, $3, $4)
    ON CONFLICT (user_id) DO UPDATE
    SET rules = excluded.rules, stream_position = excluded.stream_position,
      writer = excluded.writer
    """)

  private let database: any Querying

  package init(database: any Querying) {
    self.database = database
  }

  package func ruleset(of user: UserID) async throws -> PushRuleset {
    try await rulesets(of: [user]).first?.rules ?? PushRuleset()
  }

  package func rulesets(of users: [UserID]) async throws -> [StoredRuleset] {
    guard !users.isEmpty else { return [] }
    return try Self.read(try await database.queryAll([Self.query(users)])[0])
  }

  func hasChanged(_ user: UserID, since: VectorToken) async throws -> Bool {
    let rows = try await database.query(Self.selectPosition, [.text(user.text)])
    guard let position = rows.int(0, 0), let writer = rows.int(0, 1) else { return false }
    return !since.covers(WriterID(raw: Int32(truncatingIfNeeded: writer)), position)
  }

  static func query(_ users: [UserID]) -> Query {
    Query(selectOf, [.texts(users.map(\.text))])
  }

  static func read(_ rows: Rows) throws -> [StoredRuleset] {
    try (0..<rows.count).compactMap { row in
      guard let user = rows.text(row, 0).flatMap({ UserID($0) }), let rules = rows.bytes(row, 1),
        let position = rows.int(row, 2)
      else { return nil }
      return StoredRuleset(user: user, rules: try PushRuleset(stored: rules), position: position)
    }
  }

  static func write(
    _ rules: PushRuleset, of user: UserID, at position: Int64, by writer: WriterID
  ) -> Query {
    Query(
      upsert,
      [.text(user.text), .bytes(rules.stored), .int(position), .int(Int64(writer.raw))])
  }

  /// The stream that tells whose rules changed; of several changes of a user, only the last.
  package func streamDefinition() -> StreamDefinition<UserID> {
    StreamDefinition(
      name: .pushRules, encode: PushRulesRow.encode, decode: PushRulesRow.decode
    ) { [database] writer, after, upTo, limit in
      let rows = try await database.query(
        Self.selectRange,
        [.int(Int64(writer.raw)), .int(after), .int(upTo), .int(Int64(limit))])
      return (0..<rows.count).compactMap { row in
        guard let position = rows.int(row, 0), let user = rows.text(row, 1).flatMap({ UserID($0) })
        else { return nil }
        return StreamRow(position: position, row: user)
      }
    }
  }
}
