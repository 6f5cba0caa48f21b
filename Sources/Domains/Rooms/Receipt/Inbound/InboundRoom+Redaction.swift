import MatrixIdentifiers
import Postgres
import RoomEvents

/// What redactions of other servers do. One can come before what it redacts: then it waits, and
/// until both are here clients are told of neither's connection.
///
/// spec: rooms/v3#handling-redactions
extension InboundRoom {
  private static let target = Statement(
    "inbound_redaction_target",
    """
    SELECT stream_ordering, room_id, standing, json, redacted_by FROM events WHERE event_id = $1
    """)
  private static let waiting = Statement(
    "inbound_waiting_redactions",
    """
    SELECT w.redaction, w.may_redact, e.event_id, e.json
    FROM waiting_redactions w JOIN events e ON e.stream_ordering = w.redaction
    WHERE w.target = $1 AND w.room_id = $2 ORDER BY e.depth, e.event_id
    """)
  private static let wait = Statement(
    "inbound_redaction_waits",
    """
    INSERT INTO waiting_redactions (redaction, room_id, target, may_redact)
    VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING
    """)
  private static let stopWaiting = Statement(
    "inbound_redactions_met", "DELETE FROM waiting_redactions WHERE redaction = ANY($1)")
  private static let show = Statement(
    "inbound_show_redactions",
    "UPDATE events SET standing = NULL WHERE stream_ordering = ANY($1)")

  /// - Parameter row: gets the form in which the event is kept and whether clients are told.
  /// - Returns: what is to be written besides the event.
  mutating func applyRedactions(
    to row: inout InboundWrites.Row, _ plan: InboundPlan
  ) async throws -> [Query] {
    guard plan.standing == .accepted || plan.standing == .softFailed else { return [] }
    var queries = try await redact(&row)
    if plan.standing == .accepted, let target = plan.event.redacts {
      queries += try await redact(target, plan, &row)
    }
    return queries
  }

  /// The event is perhaps what a redaction waits for.
  private func redact(_ row: inout InboundWrites.Row) async throws -> [Query] {
    let rows = try await store.database.query(
      Self.waiting, [.text(row.event.eventID.text), .text(store.room.text)])
    var (met, shown): ([Int64], [Int64]) = ([], [])
    for index in 0..<rows.count {
      guard let number = rows.int(index, 0), let mayRedact = rows.bool(index, 1),
        let id = rows.text(index, 2).flatMap({ EventID($0) }), let bytes = rows.bytes(index, 3)
      else { continue }
      met.append(number)
      let redaction = try Event(bytes: bytes, version: store.version, eventID: id)
      guard mayRedact || redaction.sender.sharesServer(with: row.event.sender) else { continue }
      shown.append(number)
      guard row.redactedBy == nil else { continue }
      row.redactedBy = id
      row.unsigned = Redaction.unsigned(because: redaction, now: now)
      row.event = try Redaction.redacted(row.event)
    }
    return met.isEmpty
      ? [] : [Query(Self.stopWaiting, [.ints(met)]), Query(Self.show, [.ints(shown)])]
  }

  /// The event is a redaction.
  private mutating func redact(
    _ target: EventID, _ plan: InboundPlan, _ row: inout InboundWrites.Row
  ) async throws -> [Query] {
    let rows = try await store.database.query(Self.target, [.text(target.text)])
    guard let number = rows.int(0, 0), rows.text(0, 1) == store.room.text,
      !EventStanding(stored: rows.int(0, 2)).isRejected, let bytes = rows.bytes(0, 3)
    else {
      row.hide()
      return [
        Query(
          Self.wait,
          [
            .int(row.number), .text(store.room.text), .text(target.text),
            .bool(plan.senderMayRedact),
          ])
      ]
    }
    let redacted = try Event(bytes: bytes, version: store.version, eventID: target)
    guard plan.senderMayRedact || plan.event.sender.sharesServer(with: redacted.sender) else {
      row.hide()
      return []
    }
    guard rows.isNull(0, 4) else { return [] }
    let planned = PlannedRedaction(
      redacted: try Redaction.redacted(redacted),
      unsigned: Redaction.unsigned(because: plan.event, now: now))
    head.install(planned.redacted, number: number)
    return RedactionBatch([(planned, plan.event.eventID)]).queries
  }
}

extension InboundWrites.Row {
  /// A redaction without effect is not told, where that depends on what it redacts.
  fileprivate mutating func hide() {
    guard !event.version.rules.redactionsNeedAuthority else { return }
    standing = .withheld
  }
}
