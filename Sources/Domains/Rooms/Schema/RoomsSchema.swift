package import Postgres

/// The tables of rooms and their events. Only a room's owner writes to them, under the fence of
/// its lease, except for aliases and the forgotten mark.
package enum RoomsSchema {
  package static let migrations: [Migration] = [
    Migration(
      number: 200, name: "rooms",
      sql: """
        CREATE TABLE rooms (
          room_id text PRIMARY KEY,
          room_version text NOT NULL,
          creator text NOT NULL,
          created_at bigint NOT NULL
        );

        -- What the next event builds on. Rewritten for every batch, so it is kept narrow and
        -- half empty: the update stays on its page and touches no index.
        CREATE TABLE room_heads (
          room_id text PRIMARY KEY,
          forward_extremities text[] NOT NULL,
          depth bigint NOT NULL
        ) WITH (fillfactor = 50);

        CREATE TABLE events (
          stream_ordering bigint PRIMARY KEY,
          writer integer NOT NULL,
          room_id text NOT NULL,
          event_id text NOT NULL UNIQUE,
          type text NOT NULL,
          state_key text,
          sender text NOT NULL,
          room_version text NOT NULL,
          json bytea NOT NULL,
          unsigned bytea,
          txn_device text,
          txn_id text,
          redacted_by text
        );
        CREATE INDEX events_room_order ON events (room_id, stream_ordering);

        CREATE TABLE current_state (
          room_id text NOT NULL,
          type text NOT NULL,
          state_key text NOT NULL,
          event_id text NOT NULL,
          stream_ordering bigint NOT NULL,
          PRIMARY KEY (room_id, type, state_key)
        );

        CREATE TABLE state_deltas (
          room_id text NOT NULL,
          type text NOT NULL,
          state_key text NOT NULL,
          stream_ordering bigint NOT NULL,
          event_id text NOT NULL,
          -- What decides who may read the room: of a member event the membership, of a history
          -- visibility event the visibility.
          access text,
          PRIMARY KEY (room_id, type, state_key, stream_ordering)
        );
        CREATE INDEX state_deltas_room_order ON state_deltas (room_id, stream_ordering);

        CREATE TABLE room_memberships (
          user_id text NOT NULL,
          room_id text NOT NULL,
          membership text NOT NULL,
          event_id text NOT NULL,
          sender text NOT NULL,
          stream_ordering bigint NOT NULL,
          writer integer NOT NULL,
          forgotten boolean NOT NULL DEFAULT false,
          PRIMARY KEY (user_id, room_id)
        );
        CREATE INDEX room_memberships_room ON room_memberships (room_id, membership);

        -- The final word on which event a client's transaction became.
        CREATE TABLE event_txn_ids (
          user_id text NOT NULL,
          device_id text NOT NULL,
          room_id text NOT NULL,
          txn_id text NOT NULL,
          event_id text NOT NULL,
          created_at bigint NOT NULL,
          PRIMARY KEY (user_id, device_id, room_id, txn_id)
        );

        CREATE TABLE room_aliases (
          alias text PRIMARY KEY,
          room_id text NOT NULL,
          creator text NOT NULL,
          created_at bigint NOT NULL
        );
        CREATE INDEX room_aliases_room ON room_aliases (room_id);
        """)
  ]
}
