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
  /// Rows of (kind, history): the settings of the room, the memberships of the user, and a mark
  /// when the user has forgotten the room.
  static let statement = Statement(
    "state_reading_record",
    """
    SELECT k.kind, coalesce(
        (SELECT string_agg(h.history, NULL ORDER BY h.position) FROM state_histories h
          WHERE h.room_nid = s.room_nid AND h.slot = s.slot) || coalesce(s.history, ''),
        s.history)
    FROM (VALUES (0::bigint, 'm.room.history_visibility', ''), (1, 'm.room.member', $2::text))
      AS k (kind, type, state_key)
    JOIN rooms r ON r.room_id = $1
    JOIN state_slots s ON \(StateSlots.isAt("r.room_nid", "k.type", "k.state_key"))
    UNION ALL
    SELECT 2, NULL FROM room_memberships WHERE room_id = $1 AND user_id = $2 AND forgotten
    """)

  init(_ rows: Rows) {
    var settings: [HistoryVisibility.Change<HistoryVisibility.Setting>] = []
    var memberships: [HistoryVisibility.Change<String>] = []
    var isForgotten = false
    for row in 0..<rows.count {
      let history = rows.bytes(row, 1) ?? []
      switch rows.int(row, 0) {
      case 0: settings = AccessHistory.settings(history)
      case 1: memberships = AccessHistory.memberships(history)
      default: isForgotten = true
      }
    }
    self.init(settings: settings, memberships: memberships, isForgotten: isForgotten)
  }
}
