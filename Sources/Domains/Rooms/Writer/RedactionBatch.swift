import MatrixIdentifiers
import Postgres
import RoomEvents

/// Events that lose their content in one commit.
struct RedactionBatch {
  private static let redact = Statement(
    "writer_redact_events",
    """
    UPDATE events SET json = r.json, redacted_by = r.by,
      unsigned = coalesce(events.unsigned || ','::bytea, ''::bytea) || r.unsigned
    FROM unnest($1::text[], $2::bytea[], $3::bytea[], $4::text[]) AS r (id, json, unsigned, by)
    WHERE events.event_id = r.id AND events.redacted_by IS NULL
    """)
  // What took the place of a state event tells its content too.
  private static let redactReplaced = [
    ("next", ChainColumns.isNext("events", after: "target")),
    ("other", ChainColumns.replacesOther("events")),
  ].map { name, condition in
    Statement(
      "writer_redact_replaced_\(name)",
      """
      UPDATE events SET replaced = r.replaced
      FROM unnest($1::text[], $2::bytea[]) AS r (id, replaced)
      JOIN events target ON target.event_id = r.id
      WHERE events.replaces = target.stream_ordering AND \(condition)
      """)
  }

  /// Only an event's first redaction takes effect, in one batch as in two.
  private var first: [EventID: (redaction: PlannedRedaction, because: EventID)] = [:]

  /// - Parameter redactions: each with the event that redacts.
  init(_ redactions: [(redaction: PlannedRedaction, because: EventID)]) {
    for one in redactions where first[one.redaction.redacted.eventID] == nil {
      first[one.redaction.redacted.eventID] = one
    }
  }

  /// None when there are no redactions.
  var queries: [Query] {
    guard !first.isEmpty else { return [] }
    let rows = Array(first.values)
    var queries = [
      Query(
        Self.redact,
        [
          .texts(rows.map(\.redaction.redacted.eventID.text)),
          .byteArrays(rows.map(\.redaction.redacted.bytes)),
          .byteArrays(rows.map(\.redaction.unsigned)), .texts(rows.map(\.because.text)),
        ])
    ]
    queries += RelationBatch.queries(redacting: rows.map(\.redaction.redacted.eventID))
    let state = rows.map(\.redaction.redacted).filter { $0.stateKey != nil }
    if !state.isEmpty {
      let binds: [Bind] = [
        .texts(state.map(\.eventID.text)),
        .byteArrays(state.map { ReplacedState.members($0) }),
      ]
      queries += Self.redactReplaced.map { Query($0, binds) }
    }
    return queries
  }
}
