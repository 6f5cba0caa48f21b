import MatrixIdentifiers
package import Postgres
import RoomEvents

/// Reads what the owner of rooms needs in order to decide.
package struct WriterStore: Sendable {
  private static let heads = Statement(
    "writer_heads",
    """
    SELECT room_id, room_version, array_to_string(forward_extremities, ' '), depth
    FROM rooms JOIN room_heads USING (room_id) WHERE room_id = ANY($1)
    """)
  private static let state = Statement(
    "writer_state",
    "SELECT room_id, type, state_key, event_id FROM current_state WHERE room_id = ANY($1)")
  private static let events = Statement(
    "writer_events", "SELECT event_id, room_id, json FROM events WHERE event_id = ANY($1)")
  private static let transactions = Statement(
    "writer_transactions",
    """
    SELECT t.user_id, t.device_id, t.room_id, t.txn_id, t.event_id
    FROM event_txn_ids t
    JOIN unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS k (u, d, r, x)
      ON t.user_id = k.u AND t.device_id = k.d AND t.room_id = k.r AND t.txn_id = k.x
    """)
  private static let orderings = Statement(
    "writer_orderings", "SELECT nextval('events_stream_seq') FROM generate_series(1, $1)")

  private let database: Database

  package init(database: Database) {
    self.database = database
  }

  /// The heads of those of the rooms that exist, without the contents of their state.
  func loadHeads(_ rooms: [RoomID]) async throws -> [RoomHead] {
    let names = Bind.texts(rooms.map(\.text))
    let results = try await database.queryAll([
      Query(Self.heads, [names]), Query(Self.state, [names]),
    ])
    var state: [String: [StateTuple: StateEntry]] = [:]
    for row in 0..<results[1].count {
      guard let room = results[1].text(row, 0), let type = results[1].text(row, 1),
        let stateKey = results[1].text(row, 2),
        let eventID = results[1].text(row, 3).flatMap({ EventID($0) })
      else { continue }
      state[room, default: [:]][StateTuple(type, stateKey)] = StateEntry(
        eventID: eventID)
    }
    return (0..<results[0].count).compactMap { row in
      guard let room = results[0].text(row, 0).flatMap({ RoomID($0) }),
        let version = results[0].text(row, 1).flatMap({ RoomVersion(id: $0) }),
        let extremities = results[0].text(row, 2), let depth = results[0].int(row, 3)
      else { return nil }
      return RoomHead(
        roomID: room, version: version,
        forwardExtremities: extremities.split(separator: " ").compactMap { EventID(String($0)) },
        depth: depth, state: state[room.text] ?? [:])
    }
  }

  static func eventsQuery(_ ids: Set<EventID>) -> Query {
    Query(events, [.texts(ids.map(\.text))])
  }

  /// The rows of `eventsQuery` as (id, room, bytes).
  static func events(_ rows: Rows) -> [(id: EventID, roomID: String, bytes: [UInt8])] {
    (0..<rows.count).compactMap { row in
      guard let id = rows.text(row, 0).flatMap({ EventID($0) }), let room = rows.text(row, 1),
        let bytes = rows.bytes(row, 2)
      else { return nil }
      return (id, room, bytes)
    }
  }

  static func transactionsQuery(_ keys: [RoomTransaction]) -> Query {
    Query(
      transactions,
      [
        .texts(keys.map(\.key.userID.text)), .texts(keys.map(\.key.deviceID)),
        .texts(keys.map(\.roomID.text)), .texts(keys.map(\.key.transactionID)),
      ])
  }

  static func transactions(_ rows: Rows) -> [RoomTransaction: EventID] {
    var found: [RoomTransaction: EventID] = [:]
    for row in 0..<rows.count {
      guard let userID = rows.text(row, 0).flatMap({ UserID($0) }),
        let deviceID = rows.text(row, 1), let roomID = rows.text(row, 2).flatMap({ RoomID($0) }),
        let transactionID = rows.text(row, 3),
        let eventID = rows.text(row, 4).flatMap({ EventID($0) })
      else { continue }
      let key = TransactionKey(userID: userID, deviceID: deviceID, transactionID: transactionID)
      found[RoomTransaction(roomID: roomID, key: key)] = eventID
    }
    return found
  }

  static func orderingsQuery(_ count: Int) -> Query {
    Query(orderings, [.int(Int64(count))])
  }
}

/// A transaction id is a room's own: the same id in another room is another transaction.
struct RoomTransaction: Hashable, Sendable {
  let roomID: RoomID
  let key: TransactionKey
}
