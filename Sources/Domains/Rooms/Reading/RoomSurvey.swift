package import MatrixIdentifiers
package import Postgres
import RoomEvents

/// All rooms of the server, as its administrators look at them.
package struct RoomSurvey: Sendable {
  /// Rooms on one page at most.
  package static let pageLimit = 500

  /// What pages are ordered by; the raw values are Synapse's.
  package enum Order: String, Sendable, CaseIterable {
    case name
    case joinedMembers = "joined_members"
    case joinedLocalMembers = "joined_local_members"
    case version
    case creator
    case stateEvents = "state_events"

    fileprivate var expression: String {
      switch self {
      case .name: "n.name"
      case .joinedMembers: RoomSurvey.joined
      case .joinedLocalMembers: RoomSurvey.joinedLocal
      case .version: "r.room_version"
      case .creator: "r.creator"
      case .stateEvents: RoomSurvey.stateEvents
      }
    }
  }

  package struct Summary: Sendable {
    package let roomID: RoomID
    package let version: String
    package let creator: String
    package let joined: Int64
    package let joinedLocal: Int64
    package let stateEvents: Int64
    /// The current events of some types with an empty state key, by type.
    package let state: [String: StoredEvent]
  }

  package struct Page: Sendable {
    package let rooms: [Summary]
    /// All that match.
    package let total: Int64
  }

  /// The types of state that tell what a room is like.
  private static let types = [
    EventType.create, EventType.joinRules, EventType.canonicalAlias, "m.room.name",
    "m.room.topic", "m.room.avatar", "m.room.encryption", "m.room.guest_access",
    "m.room.history_visibility",
  ]

  private static let joined = """
    (SELECT count(*) FROM room_memberships m
      WHERE m.room_id = r.room_id AND m.membership = 'join')
    """
  private static let joinedLocal = """
    (SELECT count(*) FROM room_memberships m
      WHERE m.room_id = r.room_id AND m.membership = 'join' AND right(m.user_id, length($1)) = $1)
    """
  private static let stateEvents = """
    (SELECT count(*) FROM state_slots s WHERE s.room_nid = r.room_nid AND s.event IS NOT NULL)
    """
  private static let columns =
    "r.room_id, r.room_version, r.creator, \(joined), \(joinedLocal), \(stateEvents)"
  // The name as it stands in the event: escaped, which only matters for odd ones.
  private static let named = """
    rooms r JOIN room_heads h USING (room_id) LEFT JOIN LATERAL (
      SELECT substring(convert_from(e.json, 'UTF8') from '"name":"((?:[^"\\\\]|\\\\.)*)"') AS name
      FROM state_slots s JOIN events e ON e.stream_ordering = s.event
      WHERE \(StateSlots.isAt("r.room_nid", "'m.room.name'", "''"))) n ON true
    """
  private static let matches = """
    ($2::text IS NULL OR position($2 in lower(r.room_id)) > 0 OR position($2 in lower(n.name)) > 0
      OR EXISTS (SELECT FROM room_aliases a
        WHERE a.room_id = r.room_id AND position($2 in lower(a.alias)) > 0))
    """
  private static let one = Statement(
    "room_survey_one",
    "SELECT \(columns) FROM rooms r JOIN room_heads h USING (room_id) WHERE r.room_id = $2")

  private let database: any Querying
  private let states: StateStore
  /// What the ids of this server's users end in.
  private let suffix: String

  package init(database: any Querying, states: StateStore, serverName: ServerName) {
    self.database = database
    self.states = states
    suffix = ":\(serverName.text)"
  }

  /// - Parameter search: a part of a room's name, alias or id, in any case.
  package func rooms(
    matching search: String?, by order: Order, reversed: Bool, from: Int64, limit: Int
  ) async throws -> Page {
    let wanted = Bind.text(search?.lowercased())
    let size = Int64(min(limit, Self.pageLimit))
    let rows = try await database.query(
      Self.page(order, reversed), [.text(suffix), wanted, .int(size), .int(from)])
    let summaries = try await summaries(rows)
    if let total = rows.int(0, 6) { return Page(rooms: summaries, total: total) }
    guard from > 0 else { return Page(rooms: [], total: 0) }
    let first = try await self.rooms(
      matching: search, by: order, reversed: reversed, from: 0, limit: 1)
    return Page(rooms: [], total: first.total)
  }

  /// Nil for a room that is not known.
  package func room(_ room: RoomID) async throws -> Summary? {
    let rows = try await database.query(Self.one, [.text(suffix), .text(room.text)])
    return try await summaries(rows).first
  }

  private func summaries(_ rows: Rows) async throws -> [Summary] {
    let rooms = (0..<rows.count).compactMap { rows.text($0, 0).flatMap { RoomID($0) } }
    let found = try await states.current(
      rooms.flatMap { room in Self.types.map { (room, StateTuple($0, "")) } })
    let byRoom = Dictionary(grouping: found, by: \.event.roomID)
    return (0..<rows.count).compactMap { row in
      guard let room = rows.text(row, 0).flatMap({ RoomID($0) }), let version = rows.text(row, 1),
        let creator = rows.text(row, 2), let joined = rows.int(row, 3),
        let local = rows.int(row, 4), let events = rows.int(row, 5)
      else { return nil }
      let state = (byRoom[room] ?? []).map { ($0.event.type, $0) }
      return Summary(
        roomID: room, version: version, creator: creator, joined: joined, joinedLocal: local,
        stateEvents: events, state: Dictionary(state) { first, _ in first })
    }
  }

  private static func page(_ order: Order, _ reversed: Bool) -> Statement {
    Statement(
      "room_survey_\(order.rawValue)_\(reversed)",
      """
      SELECT \(columns), count(*) OVER () FROM \(named) WHERE \(matches)
      ORDER BY \(order.expression) \(reversed ? "DESC" : "ASC") NULLS LAST, r.room_id
      LIMIT $3 OFFSET $4
      """)
  }
}
