import MatrixIdentifiers
import Postgres
import RoomEvents

/// What one commit changes in the index of relations and in the list of threads.
struct RelationBatch {
  private typealias Row = (placed: PlacedEvent, relation: Relation)

  private struct Root: Hashable {
    let room: RoomID
    let event: EventID
  }

  private static let insert = Statement(
    "writer_insert_relations",
    """
    INSERT INTO event_relations (child, parent, rel_type, type, sender, sent_at, is_edit, key)
    SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[],
      $6::bigint[], $7::boolean[], $8::bytea[])
    """)
  private static let upsertThreads = Statement(
    "writer_upsert_threads",
    """
    INSERT INTO threads AS t (room_id, root, latest, replies)
    SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[])
    ON CONFLICT (room_id, root) DO UPDATE
    SET latest = greatest(t.latest, excluded.latest), replies = t.replies + excluded.replies
    """)
  // An event without content belongs to no other one any more.
  private static let forget = Statement(
    "writer_forget_relations",
    """
    WITH gone AS (
      DELETE FROM event_relations r USING events e
      WHERE e.event_id = ANY($1) AND r.child = e.stream_ordering
      RETURNING e.room_id, r.parent, r.rel_type, r.child
    ), fewer AS (
      SELECT room_id, parent, array_agg(child) AS children FROM gone
      WHERE rel_type = '\(RelationType.thread)' GROUP BY room_id, parent
    )
    UPDATE threads t SET replies = t.replies - cardinality(f.children), latest = coalesce((
        SELECT max(r.child) FROM event_relations r
        WHERE r.parent = t.root AND r.rel_type = '\(RelationType.thread)'
          AND r.child <> ALL(f.children)), 0)
    FROM fewer f WHERE t.room_id = f.room_id AND t.root = f.parent
    """)

  private let rows: [Row]

  init(_ events: [PlacedEvent]) {
    rows = events.compactMap { placed in
      Relation(of: placed.planned.event).map { (placed, $0) }
    }
  }

  /// None when no event relates to another one.
  var queries: [Query] {
    guard !rows.isEmpty else { return [] }
    let threads = rows.filter { $0.relation.type == RelationType.thread }
    return threads.isEmpty ? [insertion] : [insertion, Self.threadsQuery(threads)]
  }

  /// For events that lose their content.
  static func queries(redacting events: [EventID]) -> [Query] {
    events.isEmpty ? [] : [Query(forget, [.texts(events.map(\.text))])]
  }

  private var insertion: Query {
    let events = rows.map(\.placed.planned.event)
    return Query(
      Self.insert,
      [
        .ints(rows.map(\.placed.ordering)), .texts(rows.map(\.relation.parent.text)),
        .texts(rows.map(\.relation.type)), .texts(events.map(\.type)),
        .texts(events.map(\.sender.text)), .ints(events.map(\.originServerTimestamp)),
        .bools(rows.map(\.relation.isEdit)), .nullableByteArrays(rows.map(\.relation.key)),
      ])
  }

  private static func threadsQuery(_ rows: [Row]) -> Query {
    var threads: [Root: (latest: Int64, replies: Int64)] = [:]
    for row in rows {
      let root = Root(room: row.placed.planned.event.roomID, event: row.relation.parent)
      let known = threads[root] ?? (0, 0)
      threads[root] = (max(known.latest, row.placed.ordering), known.replies + 1)
    }
    let all = Array(threads)
    return Query(
      upsertThreads,
      [
        .texts(all.map(\.key.room.text)), .texts(all.map(\.key.event.text)),
        .ints(all.map(\.value.latest)), .ints(all.map(\.value.replies)),
      ])
  }
}
