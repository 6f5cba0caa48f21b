import Postgres
import RoomEvents

/// All that decides which part of a room one user may read.
package struct ReadingRecord: Sendable {
  /// In the order of their positions, without repetitions.
  let settings: [HistoryVisibility.Change<HistoryVisibility.Setting>]
  /// In the order of their positions, without repetitions.
  let memberships: [HistoryVisibility.Change<String>]
  let isForgotten: Bool

  /// The positions of the room that the user may see.
  package var history: HistoryVisibility {
    HistoryVisibility(settings: settings, memberships: isForgotten ? [] : memberships)
  }

  package var isJoined: Bool {
    memberships.last?.value == Membership.join
  }

  /// Where the user ceased to be in the room for the last time; nil for one who is in it or
  /// never was.
  package var departure: Int64? {
    guard let lastJoin = memberships.lastIndex(where: { $0.value == Membership.join }),
      lastJoin + 1 < memberships.endIndex
    else { return nil }
    return memberships[lastJoin + 1].position
  }

  /// Whether the user may ask for the room's history at all. Who never was in the room has
  /// nothing to read: a ban or a declined invitation leaves no history behind it.
  var mayRead: Bool {
    if isJoined || settings.last?.value == .worldReadable { return true }
    let hasLeft = [Membership.leave, Membership.ban].contains(memberships.last?.value)
    return hasLeft && departure != nil && !isForgotten
  }
}

extension ReadingRecord {
  /// Rows of (position, kind, value): settings of the room, memberships of the user as far as
  /// they changed, and a mark when the user has forgotten the room.
  static let statement = Statement(
    "state_reading_record",
    """
    SELECT position, kind, value FROM (
      SELECT position, kind, value,
        lag(value) OVER (PARTITION BY kind ORDER BY position) AS before
      FROM (
        SELECT stream_ordering AS position, 0::bigint AS kind, access AS value
        FROM state_deltas
        WHERE room_id = $1 AND type = 'm.room.history_visibility' AND state_key = ''
        UNION ALL
        SELECT stream_ordering, 1::bigint, access FROM state_deltas
        WHERE room_id = $1 AND type = 'm.room.member' AND state_key = $2
        UNION ALL
        SELECT stream_ordering, 2::bigint, 'forgotten' FROM room_memberships
        WHERE room_id = $1 AND user_id = $2 AND forgotten
      ) AS facts
    ) AS changes
    WHERE value IS DISTINCT FROM before ORDER BY position
    """)

  init(_ rows: Rows) {
    var settings: [HistoryVisibility.Change<HistoryVisibility.Setting>] = []
    var memberships: [HistoryVisibility.Change<String>] = []
    var isForgotten = false
    for row in 0..<rows.count {
      guard let position = rows.int(row, 0), let kind = rows.int(row, 1) else { continue }
      let value = rows.text(row, 2)
      switch kind {
      case 0:
        let setting = value.flatMap { HistoryVisibility.Setting(rawValue: $0) } ?? .shared
        settings.append(HistoryVisibility.Change(position, setting))
      case 1: memberships.append(HistoryVisibility.Change(position, value ?? Membership.leave))
      default: isForgotten = true
      }
    }
    self.init(settings: settings, memberships: memberships, isForgotten: isForgotten)
  }
}
