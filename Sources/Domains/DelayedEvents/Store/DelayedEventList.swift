package import MatrixIdentifiers
import MatrixJSON
import Postgres

/// Which of a user's delayed events are wanted.
package struct DelayedEventFilter: Sendable {
  package enum Status: String, Sendable, CaseIterable {
    case scheduled, finalised, sent, cancelled, failed
  }

  package var status: Status?
  package var room: RoomID?
  package var type: String?
  /// The latest first.
  package var isBackwards = false
  /// Where an earlier page ended.
  package var place: DelayedEventPlace?

  package init() {}
}

/// A place in the order of the times at which events were to be sent.
package struct DelayedEventPlace: Sendable, Equatable {
  let due: Int64
  let number: Int64

  init(due: Int64, number: Int64) {
    self.due = due
    self.number = number
  }

  /// Nil for a text that is no token of ours.
  package init?(token: String) {
    guard token.first == "d" else { return nil }
    let parts = token.dropFirst().split(separator: "_", omittingEmptySubsequences: false)
    guard parts.count == 2, let due = Int64(parts[0]), let number = Int64(parts[1]) else {
      return nil
    }
    self.init(due: due, number: number)
  }

  package var token: String { "d\(due)_\(number)" }
}

package struct DelayedEventPage: Sendable {
  package let events: [DelayedEvent]
  /// Nil at the end.
  package let next: DelayedEventPlace?

  package var json: [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("delayed_events")
    writer.beginArray()
    for event in events { event.write(to: &writer) }
    writer.endArray()
    if let next {
      writer.key("next_batch")
      writer.string(next.token)
    }
    writer.endObject()
    return writer.bytes
  }
}

/// Lists of delayed events, in pages.
struct DelayedEventList: Sendable {
  static let pageSize = 100

  private static let forwards = Statement(
    "delayed_list", sql(beyond: ">", order: "ASC"))
  private static let backwards = Statement(
    "delayed_list_backwards", sql(beyond: "<", order: "DESC"))

  private static func sql(beyond: String, order: String) -> String {
    """
    SELECT \(DelayedEventRow.columns) FROM delayed_events d
    WHERE user_id = $1 AND (due, id) \(beyond) ($2, $3)
      AND ($4::text IS NULL OR $4 = CASE
        WHEN finalised_at IS NULL THEN 'scheduled' WHEN event_id IS NOT NULL THEN 'sent'
        WHEN error IS NOT NULL THEN 'failed' ELSE 'cancelled' END
        OR ($4 = 'finalised' AND finalised_at IS NOT NULL))
      AND ($5::text IS NULL OR room_id = $5) AND ($6::text IS NULL OR type = $6)
    ORDER BY due \(order), id \(order) LIMIT $7
    """
  }

  let database: any Querying

  func page(
    of user: UserID, _ filter: DelayedEventFilter, size: Int = DelayedEventList.pageSize
  ) async throws -> DelayedEventPage {
    let end: Int64 = filter.isBackwards ? .max : .min
    let rows = try await database.query(
      filter.isBackwards ? Self.backwards : Self.forwards,
      [
        .text(user.text), .int(filter.place?.due ?? end), .int(filter.place?.number ?? end),
        .text(filter.status?.rawValue), .text(filter.room?.text), .text(filter.type),
        .int(Int64(size + 1)),
      ])
    let found = DelayedEventRow.decodeAll(rows)
    let events = Array(found.prefix(size))
    let next = found.count > size ? events.last : nil
    return DelayedEventPage(
      events: events, next: next.map { DelayedEventPlace(due: $0.due, number: $0.number) })
  }
}
