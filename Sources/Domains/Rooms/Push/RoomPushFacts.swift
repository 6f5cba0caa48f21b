package import MatrixIdentifiers
import MatrixJSON
package import Postgres
package import PushRules

/// What evaluating events for push takes from the tables of rooms.
package struct RoomPushFacts: PushFacts {
  private static let counts = Statement(
    "push_member_counts",
    """
    SELECT room_id, count(*) FROM room_memberships
    WHERE room_id = ANY($1) AND membership = 'join' GROUP BY room_id
    """)
  private static let locals = Statement(
    "push_local_members",
    """
    SELECT m.room_id, m.user_id, e.json
    FROM room_memberships m JOIN events e USING (event_id)
    WHERE m.room_id = ANY($1) AND m.membership = 'join'
      AND right(m.user_id, char_length($2) + 1) = ':' || $2
    """)
  private static let contents = Statement(
    "push_event_contents", "SELECT event_id, json FROM events WHERE event_id = ANY($1)")

  private let database: any Querying
  private let serverName: ServerName

  package init(database: any Querying, serverName: ServerName) {
    self.database = database
    self.serverName = serverName
  }

  package func members(of rooms: [RoomID]) async throws -> [RoomID: RoomMembers] {
    let names = Bind.texts(rooms.map(\.text))
    let answers = try await database.queryAll([
      Query(Self.counts, [names]), Query(Self.locals, [names, .text(serverName.text)]),
    ])
    var members: [RoomID: RoomMembers] = [:]
    for row in 0..<answers[0].count {
      guard let room = answers[0].text(row, 0).flatMap({ RoomID($0) }),
        let count = answers[0].int(row, 1)
      else { continue }
      members[room, default: RoomMembers()].count = Int(count)
    }
    for row in 0..<answers[1].count {
      guard let room = answers[1].text(row, 0).flatMap({ RoomID($0) }),
        let user = answers[1].text(row, 1).flatMap({ UserID($0) }),
        let bytes = answers[1].bytes(row, 2), let event = try? JSONDocument(bytes).root
      else { continue }
      members[room, default: RoomMembers()].local.append(
        LocalMember(userID: user, displayName: event["content"]?["displayname"]?.string))
    }
    return members
  }

  package func contents(of events: [EventID]) async throws -> [EventID: [UInt8]] {
    let rows = try await database.query(Self.contents, [.texts(events.map(\.text))])
    var contents: [EventID: [UInt8]] = [:]
    for row in 0..<rows.count {
      guard let id = rows.text(row, 0).flatMap({ EventID($0) }), let bytes = rows.bytes(row, 1),
        let content = try? JSONDocument(bytes).root["content"]
      else { continue }
      contents[id] = Array(content.rawBytes)
    }
    return contents
  }
}
