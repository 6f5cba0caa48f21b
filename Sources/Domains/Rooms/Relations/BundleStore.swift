import MatrixIdentifiers
package import Postgres
import RoomEvents

/// Reads what belongs to events, for many of them at once.
package struct BundleStore: Sendable {
  /// References to one event that are told along with it.
  static let referenceLimit = 500

  private static let parents = "unnest($1::text[], $2::text[], $3::text[], $4::text[])"
  private static let related = Statement(
    "bundles_related",
    """
    SELECT p.id FROM unnest($1::text[], $2::text[]) AS p (id, room)
    WHERE coalesce(
      \(ChildEvent.exists("r.parent = p.id AND r.is_edit")),
      \(ChildEvent.exists("r.parent = p.id AND r.rel_type = '\(RelationType.reference)'")),
      (SELECT true FROM threads t
        WHERE t.room_id = p.room AND t.root = p.id AND t.replies > 0 LIMIT 1),
      false)
    """)
  /// The children of `p` that the reader sees: $5 to $7 are the parts of the rooms' histories, $8
  /// whom the reader ignores.
  private static let visible = """
    e.room_id = p.room AND e.\(StoredEventRow.isHistory) AND r.sender <> ALL($8::text[])
        AND EXISTS (SELECT FROM unnest($5::text[], $6::bigint[], $7::bigint[])
          AS s (room, low, high) WHERE s.room = p.room AND r.child BETWEEN s.low AND s.high)
    """
  private static let children =
    "FROM event_relations r \(ChildEvent.join) WHERE r.parent = p.id"
  // Counting is left out for readers who see all of a thread.
  private static let threads = Statement(
    "bundles_threads",
    """
    SELECT \(StoredEventRow.columns), p.id,
      CASE WHEN $10 THEN (
        SELECT count(*) \(children) AND r.rel_type = '\(RelationType.thread)' AND \(visible))
      ELSE t.replies END,
      p.sender = $9 OR coalesce(\(ChildEvent.exists(
        "r.parent = p.id AND r.sender = $9 AND r.rel_type = '\(RelationType.thread)'")), false)
    FROM \(parents) AS p (id, room, sender, type)
    CROSS JOIN LATERAL (
      SELECT replies FROM threads WHERE room_id = p.room AND root = p.id LIMIT 1
    ) t
    CROSS JOIN LATERAL (
      SELECT e.* \(children) AND r.rel_type = '\(RelationType.thread)' AND \(visible)
      ORDER BY r.child DESC LIMIT 1
    ) e
    """)
  private static let replacements = Statement(
    "bundles_replacements",
    """
    SELECT \(StoredEventRow.columns), p.id FROM \(parents) AS p (id, room, sender, type)
    CROSS JOIN LATERAL (
      SELECT e.* \(children) AND r.is_edit AND r.sender = p.sender AND r.type = p.type
        AND \(visible)
      ORDER BY r.sent_at DESC, e.event_id DESC LIMIT 1
    ) e
    """)
  private static let references = Statement(
    "bundles_references",
    """
    SELECT p.id, c.event_id FROM \(parents) AS p (id, room, sender, type)
    CROSS JOIN LATERAL (
      SELECT e.event_id, r.child \(children) AND r.rel_type = '\(RelationType.reference)'
        AND \(visible)
      ORDER BY r.child LIMIT \(referenceLimit)
    ) c
    ORDER BY c.child
    """)

  /// Who asks.
  struct Reader {
    let userID: UserID
    let ignored: Set<UserID>
    /// What they see of each room; all of one that is not named.
    let histories: [RoomID: HistoryVisibility]

    /// Whether nothing that belongs to the events is kept from them.
    fileprivate func seesAll(of parents: [StoredEvent]) -> Bool {
      ignored.isEmpty
        && parents.allSatisfy { parent in
          histories[parent.event.roomID]?.seesAll(after: parent.streamOrdering) ?? true
        }
    }
  }

  private let database: any Querying

  package init(database: any Querying) {
    self.database = database
  }

  /// Those of the events that others may belong to.
  func related(among events: [StoredEvent]) async throws -> [StoredEvent] {
    guard !events.isEmpty else { return [] }
    let rows = try await database.query(
      Self.related,
      [.texts(events.map(\.event.eventID.text)), .texts(events.map(\.event.roomID.text))])
    let found = Set((0..<rows.count).compactMap { rows.text($0, 0).flatMap { EventID($0) } })
    return found.isEmpty ? [] : events.filter { found.contains($0.event.eventID) }
  }

  /// - Parameter threads: whether events may be roots of threads here.
  func bundles(
    of parents: [StoredEvent], for reader: Reader, threads: Bool
  ) async throws -> EventBundles {
    guard !parents.isEmpty else { return .none }
    let scope = Self.scope(of: parents, reader)
    var queries = [Query(Self.replacements, scope), Query(Self.references, scope)]
    if threads {
      queries.append(
        Query(
          Self.threads, scope + [.text(reader.userID.text), .bool(!reader.seesAll(of: parents))]))
    }
    let answers = try await database.queryAll(queries)
    let known = Dictionary(parents.map { ($0.event.eventID, $0) }) { first, _ in first }
    var bundles = EventBundles()
    try Self.addReplacements(answers[0], of: known, to: &bundles)
    Self.addReferences(answers[1], to: &bundles)
    if threads { try Self.addThreads(answers[2], of: known, to: &bundles) }
    return bundles
  }

  private static func scope(of parents: [StoredEvent], _ reader: Reader) -> [Bind] {
    var spans: [(room: RoomID, span: ClosedRange<Int64>)] = []
    for room in Set(parents.map(\.event.roomID)) {
      let all = reader.histories[room]?.spans ?? [Int64.min...Int64.max]
      spans += all.map { (room, $0) }
    }
    return [
      .texts(parents.map(\.event.eventID.text)), .texts(parents.map(\.event.roomID.text)),
      .texts(parents.map(\.event.sender.text)), .texts(parents.map(\.event.type)),
      .texts(spans.map(\.room.text)), .ints(spans.map(\.span.lowerBound)),
      .ints(spans.map(\.span.upperBound)), .texts(reader.ignored.map(\.text)),
    ]
  }

  private static func addReplacements(
    _ rows: Rows, of parents: [EventID: StoredEvent], to bundles: inout EventBundles
  ) throws {
    for row in 0..<rows.count {
      guard let id = rows.text(row, StoredEventRow.width).flatMap({ EventID($0) }),
        let parent = parents[id], mayBeReplaced(parent)
      else { continue }
      let edit = try StoredEventRow.decode(rows, row)
      bundles.change(id) { $0.replacement = edit }
    }
  }

  /// spec: client-server-api#validity-of-replacement-events
  private static func mayBeReplaced(_ parent: StoredEvent) -> Bool {
    parent.redactedBy == nil && parent.event.stateKey == nil
      && Relation(of: parent.event)?.type != RelationType.replacement
  }

  private static func addReferences(_ rows: Rows, to bundles: inout EventBundles) {
    for row in 0..<rows.count {
      guard let parent = rows.text(row, 0).flatMap({ EventID($0) }),
        let child = rows.text(row, 1).flatMap({ EventID($0) })
      else { continue }
      bundles.change(parent) { $0.references.append(child) }
    }
  }

  private static func addThreads(
    _ rows: Rows, of parents: [EventID: StoredEvent], to bundles: inout EventBundles
  ) throws {
    for row in 0..<rows.count {
      guard let id = rows.text(row, StoredEventRow.width).flatMap({ EventID($0) }),
        let count = rows.int(row, StoredEventRow.width + 1),
        let parent = parents[id], Relation(of: parent.event) == nil
      else { continue }
      let thread = EventBundles.Thread(
        latest: try StoredEventRow.decode(rows, row), count: count,
        readerParticipated: rows.bool(row, StoredEventRow.width + 2) ?? false)
      bundles.change(id) { $0.thread = thread }
    }
  }
}
