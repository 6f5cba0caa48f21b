import MatrixIdentifiers
import Postgres
import RoomEvents

@testable import Rooms

/// Synapse's tables of state, filled as it does, for comparison: a group of state for each state
/// event, stored as its difference to another, and whole after every hundred of those.
final class StateGroups {
  /// Groups that are stored as differences upon each other.
  private static let hopLimit = 100

  let tables = [
    "state_groups", "state_groups_state", "state_group_edges", "event_to_state_groups",
    "current_state_events", "current_state_delta_stream",
  ]
  private let database: Database
  private var groups: [EventID: (group: Int64, hops: Int)] = [:]
  private var lastGroup: Int64 = 0
  private var current: [StateTuple: EventID] = [:]

  init(database: Database) {
    self.database = database
  }

  func prepare() async throws {
    try await database.runScript(
      """
      CREATE TABLE state_groups (id bigint PRIMARY KEY, room_id text NOT NULL,
        event_id text NOT NULL);
      CREATE INDEX state_groups_room_id_idx ON state_groups (room_id);
      CREATE TABLE state_groups_state (state_group bigint NOT NULL, room_id text NOT NULL,
        type text NOT NULL, state_key text NOT NULL, event_id text NOT NULL);
      CREATE INDEX state_groups_state_type_idx
        ON state_groups_state (state_group, type, state_key);
      CREATE TABLE state_group_edges (state_group bigint NOT NULL,
        prev_state_group bigint NOT NULL);
      CREATE UNIQUE INDEX state_group_edges_unique_idx
        ON state_group_edges (state_group, prev_state_group);
      CREATE INDEX state_group_edges_prev_idx ON state_group_edges (prev_state_group);
      CREATE TABLE event_to_state_groups (event_id text NOT NULL UNIQUE,
        state_group bigint NOT NULL);
      CREATE INDEX event_to_state_groups_sg_index ON event_to_state_groups (state_group);
      CREATE TABLE current_state_events (event_id text NOT NULL UNIQUE, room_id text NOT NULL,
        type text NOT NULL, state_key text NOT NULL, membership text, event_stream_ordering bigint,
        UNIQUE (room_id, type, state_key));
      CREATE TABLE current_state_delta_stream (stream_id bigint NOT NULL, room_id text NOT NULL,
        type text NOT NULL, state_key text NOT NULL, event_id text, prev_event_id text,
        instance_name text);
      CREATE INDEX current_state_delta_stream_idx ON current_state_delta_stream (stream_id);
      CREATE INDEX current_state_delta_stream_room_idx
        ON current_state_delta_stream (room_id, stream_id);
      -- While statistics of this are taken, other tables of the database keep what was deleted.
      ALTER TABLE state_groups_state SET (autovacuum_enabled = off);
      """)
  }

  func store(_ story: [LargeRoom.Story], room: RoomID) async throws {
    var queries: [Query] = []
    for step in story { queries += store(step, room) }
    _ = try await database.queryAll(queries)
  }

  private func store(_ step: LargeRoom.Story, _ room: RoomID) -> [Query] {
    lastGroup += 1
    let parent = step.parent.flatMap { groups[$0] }
    let hops = (parent?.hops ?? 0) + 1
    let id = step.event.eventID
    var queries = [
      Query(
        Statement("groups_insert", "INSERT INTO state_groups VALUES ($1, $2, $3)"),
        [.int(lastGroup), .text(room.text), .text(id.text)]),
      Query(
        Statement("groups_event", "INSERT INTO event_to_state_groups VALUES ($1, $2)"),
        [.text(id.text), .int(lastGroup)]),
    ]
    for (key, event) in step.changes where current[key] != event {
      queries += change(key, to: event, room)
      current[key] = event
    }
    if let parent, hops < Self.hopLimit {
      queries.append(
        Query(
          Statement("groups_edge", "INSERT INTO state_group_edges VALUES ($1, $2)"),
          [.int(lastGroup), .int(parent.group)]))
      queries.append(entries(step.changes, room))
      groups[id] = (lastGroup, hops)
    } else {
      queries.append(entries(current, room))
      groups[id] = (lastGroup, 0)
    }
    return queries
  }

  private func entries(_ entries: [StateTuple: EventID], _ room: RoomID) -> Query {
    Query(
      Statement(
        "groups_entries",
        """
        INSERT INTO state_groups_state
        SELECT $1, $2, * FROM unnest($3::text[], $4::text[], $5::text[])
        """),
      [
        .int(lastGroup), .text(room.text), .texts(entries.keys.map(\.type)),
        .texts(entries.keys.map(\.stateKey)), .texts(entries.values.map(\.text)),
      ])
  }

  private func change(_ key: StateTuple, to event: EventID, _ room: RoomID) -> [Query] {
    let place: [Bind] = [.text(room.text), .text(key.type), .text(key.stateKey), .text(event.text)]
    return [
      Query(
        Statement(
          "groups_current",
          """
          INSERT INTO current_state_events (event_id, room_id, type, state_key, membership,
            event_stream_ordering)
          VALUES ($4, $1, $2, $3, 'join', 1)
          ON CONFLICT (room_id, type, state_key) DO UPDATE SET event_id = excluded.event_id
          """), place),
      Query(
        Statement(
          "groups_delta",
          """
          INSERT INTO current_state_delta_stream
          VALUES ($5, $1, $2, $3, $4, $6, 'master')
          """), place + [.int(lastGroup), .text(current[key]?.text)]),
    ]
  }
}
