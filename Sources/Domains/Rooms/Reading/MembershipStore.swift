package import MatrixIdentifiers
package import Postgres
import RoomEvents
package import Streams

/// A user's place in a room.
package struct MembershipRow: Sendable, Hashable {
  package let userID: UserID
  package let roomID: RoomID
  /// join, invite, leave, ban or knock.
  package let membership: String
  package let eventID: EventID
  package let sender: UserID
  package let streamOrdering: Int64
  package let writer: WriterID
  package let isForgotten: Bool

  package init(
    userID: UserID, roomID: RoomID, membership: String, eventID: EventID, sender: UserID,
    streamOrdering: Int64, writer: WriterID, isForgotten: Bool = false
  ) {
    self.userID = userID
    self.roomID = roomID
    self.membership = membership
    self.eventID = eventID
    self.sender = sender
    self.streamOrdering = streamOrdering
    self.writer = writer
    self.isForgotten = isForgotten
  }

  /// The place that a member event gives; nil for any other event.
  package init?(_ stored: StoredEvent) {
    guard stored.event.type == "m.room.member",
      let user = stored.event.stateKey.flatMap({ UserID($0) }),
      let membership = stored.event.membership
    else { return nil }
    self.init(
      userID: user, roomID: stored.event.roomID, membership: membership,
      eventID: stored.event.eventID, sender: stored.event.sender,
      streamOrdering: stored.streamOrdering, writer: stored.writer)
  }
}

/// Who is in which room, as the last member event has it.
package struct MembershipStore: Sendable {
  private static let columns =
    "user_id, room_id, membership, event_id, sender, stream_ordering, writer, forgotten"
  private static let ofUser = Statement(
    "memberships_of_user",
    "SELECT \(columns) FROM room_memberships WHERE user_id = $1 AND membership = ANY($2)")
  private static let inRoom = Statement(
    "memberships_in_room",
    "SELECT \(columns) FROM room_memberships WHERE room_id = $1 AND membership = ANY($2)")
  private static let one = Statement(
    "membership_of_user_in_room",
    "SELECT \(columns) FROM room_memberships WHERE user_id = $1 AND room_id = $2")
  private static let forget = Statement(
    "membership_forget",
    """
    UPDATE room_memberships SET forgotten = true
    WHERE user_id = $1 AND room_id = $2 AND membership IN ('leave', 'ban')
    """)
  private static let joinedOfMany = Statement(
    "memberships_joined_of_many",
    """
    SELECT user_id, room_id FROM room_memberships
    WHERE user_id = ANY($1) AND membership = 'join'
    """)
  private static let shared = Statement(
    "memberships_shared",
    """
    SELECT EXISTS (
      SELECT FROM room_memberships a JOIN room_memberships b USING (room_id)
      WHERE a.user_id = $1 AND a.membership = 'join'
        AND b.user_id = $2 AND b.membership = 'join')
    """)
  private static let joinedAmong = Statement(
    "memberships_joined_among",
    """
    SELECT DISTINCT user_id FROM room_memberships
    WHERE room_id = ANY($1) AND user_id = ANY($2) AND membership = 'join'
    """)
  private let database: any Querying

  package init(database: any Querying) {
    self.database = database
  }

  /// The rooms in which the user has one of these memberships, forgotten ones included.
  package func rooms(
    of user: UserID, memberships: [String] = ["join"]
  ) async throws -> [MembershipRow] {
    Self.decode(
      try await database.query(Self.ofUser, [.text(user.text), .texts(memberships)]))
  }

  /// The rooms that each of the users is joined to; users without any are left out.
  package func joinedRooms(of users: [UserID]) async throws -> [UserID: Set<RoomID>] {
    let rows = try await database.query(Self.joinedOfMany, [.texts(users.map(\.text))])
    var found: [UserID: Set<RoomID>] = [:]
    for row in 0..<rows.count {
      guard let user = rows.text(row, 0).flatMap({ UserID($0) }),
        let room = rows.text(row, 1).flatMap({ RoomID($0) })
      else { continue }
      found[user, default: []].insert(room)
    }
    return found
  }

  /// Whether two users are joined to the same room.
  package func shareRoom(_ user: UserID, _ other: UserID) async throws -> Bool {
    try await database.query(Self.shared, [.text(user.text), .text(other.text)]).bool(0, 0)
      ?? false
  }

  /// Those of the users who are joined to any of the rooms.
  package func joined(
    to rooms: some Sequence<RoomID>, among users: some Sequence<String>
  ) async throws -> Set<String> {
    let rows = try await database.query(
      Self.joinedAmong, [.texts(rooms.map(\.text)), .texts(Array(users))])
    return Set((0..<rows.count).compactMap { rows.text($0, 0) })
  }

  package func members(
    of room: RoomID, memberships: [String] = ["join"]
  ) async throws -> [MembershipRow] {
    Self.decode(
      try await database.query(Self.inRoom, [.text(room.text), .texts(memberships)]))
  }

  package func membership(of user: UserID, in room: RoomID) async throws -> MembershipRow? {
    Self.decode(
      try await database.query(Self.one, [.text(user.text), .text(room.text)])
    ).first
  }

  /// Marks a room that the user has left; false when the user is still in it or never was.
  package func forget(_ room: RoomID, by user: UserID) async throws -> Bool {
    try await database.query(Self.forget, [.text(user.text), .text(room.text)])
      .affectedRows > 0
  }

  private static func decode(_ rows: Rows) -> [MembershipRow] {
    (0..<rows.count).compactMap { row in
      guard let user = rows.text(row, 0).flatMap({ UserID($0) }),
        let room = rows.text(row, 1).flatMap({ RoomID($0) }), let membership = rows.text(row, 2),
        let event = rows.text(row, 3).flatMap({ EventID($0) }),
        let sender = rows.text(row, 4).flatMap({ UserID($0) }), let ordering = rows.int(row, 5),
        let writer = rows.int(row, 6)
      else { return nil }
      return MembershipRow(
        userID: user, roomID: room, membership: membership, eventID: event, sender: sender,
        streamOrdering: ordering, writer: WriterID(raw: Int32(truncatingIfNeeded: writer)),
        isForgotten: rows.bool(row, 7) ?? false)
    }
  }
}
