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
          forward_extremities bigint[] NOT NULL,
          depth bigint NOT NULL
        ) WITH (fillfactor = 50);

        -- A stream ordering is an event's number for good, and is what other tables and columns
        -- name it by. It is positive for what came as news, in the order of its coming, and
        -- negative, downwards, for what is older than that: history that was fetched, and events
        -- that are here because others cite them.
        CREATE SEQUENCE events_history_seq AS bigint;

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
          redacted_by text,
          depth bigint NOT NULL,
          -- The numbers of its previous events, as far as they are here: see missing_prev_events.
          prev_events bigint[],
          -- NULL for what is part of the room's history; else why it is not, as EventStanding.
          standing smallint,
          standing_reason text,
          -- The place in the index of auth chains: see ChainPosition. Only accepted state events
          -- are in it, and only those that others may cite have a place in a chain.
          chain_id bigint,
          chain_sequence integer,
          auth_links bigint[]
        );
        CREATE INDEX events_room_order ON events (room_id, stream_ordering)
          WHERE standing IS NULL;
        CREATE UNIQUE INDEX events_chain ON events (chain_id, chain_sequence)
          WHERE chain_id IS NOT NULL;
        -- What cites an event. Without a list of pending entries, which would be searched through
        -- for every answer.
        CREATE INDEX events_auth_links ON events USING gin (auth_links)
          WITH (fastupdate = off) WHERE auth_links IS NOT NULL;

        -- Previous events that are not here, or have no place in the graph, and what builds on
        -- them.
        CREATE TABLE missing_prev_events (
          room_id text NOT NULL,
          event_id text NOT NULL,
          referrer bigint NOT NULL,
          PRIMARY KEY (event_id, referrer)
        );
        CREATE INDEX missing_prev_events_room ON missing_prev_events (room_id);

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
