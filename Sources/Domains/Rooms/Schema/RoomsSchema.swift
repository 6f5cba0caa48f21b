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
          created_at bigint NOT NULL,
          -- The room's name in the tables of state: the number of its first event.
          room_nid bigint NOT NULL UNIQUE,
          state_salt bytea NOT NULL
        );

        -- What the next event builds on. Rewritten for every batch, so it is kept narrow and
        -- half empty: the update stays on its page and touches no index.
        CREATE TABLE room_heads (
          room_id text PRIMARY KEY,
          forward_extremities bigint[] NOT NULL,
          depth bigint NOT NULL,
          state_snapshot bigint NOT NULL
        ) WITH (fillfactor = 50);

        -- A stream ordering is an event's number for good, and is what other tables and columns
        -- name it by. It is positive for what came as news, in the order of its coming, and
        -- negative, downwards, for what is older than that: history that was fetched, and events
        -- that are here because others cite them.
        CREATE SEQUENCE events_history_seq AS bigint;

        -- Numbers first, as they lie at multiples of eight bytes.
        CREATE TABLE events (
          stream_ordering bigint PRIMARY KEY,
          depth bigint NOT NULL,
          -- The state after the event, as SnapshotID; NULL when it is not known. Before a state
          -- event it is that without the last change.
          state_snapshot bigint,
          -- The room's current state after the event, where that is another: the history has, or
          -- had, several ends.
          room_snapshot bigint,
          -- The number of the state event whose place it took.
          replaces bigint,
          -- The place in the index of auth chains: see ChainPosition and ChainColumns. Only
          -- accepted state events are in it. NULL for the first of a chain, which most are.
          chain_place bigint,
          -- What it cites, see ChainNode: hardly ever more than two.
          auth_link bigint,
          second_auth_link bigint,
          more_auth_links bigint[],
          writer integer NOT NULL,
          -- NULL for what is part of the room's history; else why it is not, as EventStanding.
          standing smallint,
          -- True where `replaces` is another than the event before it in its chain.
          replaces_other boolean,
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
          -- The numbers of its previous events, as far as they are here: see missing_prev_events.
          prev_events bigint[],
          standing_reason text,
          -- What clients are told of the event whose place it took.
          replaced bytea
        );
        CREATE INDEX events_room_order ON events (room_id, stream_ordering)
          WHERE standing IS NULL;
        CREATE UNIQUE INDEX events_chain ON events (chain_place) WHERE chain_place IS NOT NULL;
        -- For finding the layers that nothing needs.
        -- A state that an event made itself is found by the event.
        CREATE INDEX events_state_snapshot ON events (state_snapshot)
          WHERE state_key IS NULL OR standing IS NOT NULL;
        CREATE INDEX events_room_snapshot ON events (room_snapshot)
          WHERE room_snapshot IS NOT NULL;
        -- What took the place of an event is mostly the next one in its chain.
        CREATE INDEX events_replaces ON events (replaces)
          WHERE replaces IS NOT NULL AND \(ChainColumns.replacesOther());
        -- What cites an event. Without a list of pending entries, which would be searched through
        -- for every answer.
        CREATE INDEX events_auth_links ON events USING gin ((\(ChainColumns.links())))
          WITH (fastupdate = off) WHERE \(ChainColumns.hasLinks);

        -- Previous events that are not here, or have no place in the graph, and what builds on
        -- them.
        CREATE TABLE missing_prev_events (
          room_id text NOT NULL,
          event_id text NOT NULL,
          referrer bigint NOT NULL,
          PRIMARY KEY (event_id, referrer)
        );
        CREATE INDEX missing_prev_events_room ON missing_prev_events (room_id);

        -- Every type and state key that a room has had, with the current event if there is one.
        -- Updates touch no index and mostly stay on their page.
        CREATE TABLE state_slots (
          room_nid bigint NOT NULL,
          event bigint,
          -- Where this became current, when not where the event is.
          changed_at bigint,
          slot integer NOT NULL,
          -- NULL for m.room.member, which most are.
          type text,
          state_key text NOT NULL,
          -- The end of its AccessHistory.
          history bytea,
          PRIMARY KEY (room_nid, slot)
        ) WITH (fillfactor = 97);
        CREATE INDEX state_slots_key
          ON state_slots (\(StateSlots.hash("room_nid", StateSlots.type(), "state_key")));
        -- Earlier parts of long ones.
        CREATE TABLE state_histories (
          room_nid bigint NOT NULL,
          slot integer NOT NULL,
          position bigint NOT NULL,
          history bytea NOT NULL,
          PRIMARY KEY (room_nid, slot, position)
        );

        -- See StateLayer. The parent is a SnapshotID, changes are as of LayerCodec.
        CREATE TABLE state_layers (
          room_nid bigint NOT NULL,
          layer bigint NOT NULL,
          parent bigint,
          hash bytea NOT NULL,
          changes bytea NOT NULL,
          PRIMARY KEY (room_nid, layer)
        ) WITH (fillfactor = 95);
        -- No two rooms have layers with the same number or, by their salts, the same hash.
        CREATE INDEX state_layers_hash ON state_layers (hash);
        CREATE INDEX state_layers_parent ON state_layers (parent);

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
          -- The type of the event that was sent, or the event that was redacted.
          endpoint text NOT NULL,
          event_id text NOT NULL,
          created_at bigint NOT NULL,
          PRIMARY KEY (user_id, device_id, room_id, txn_id, endpoint)
        );

        CREATE TABLE room_aliases (
          alias text PRIMARY KEY,
          room_id text NOT NULL,
          creator text NOT NULL,
          created_at bigint NOT NULL
        );
        CREATE INDEX room_aliases_room ON room_aliases (room_id);
        """),
    Migration(
      number: 201, name: "relations of events",
      sql: """
        -- Which event belongs to which one, see Relation. Events that lost their content belong to
        -- none. The parent may be unknown, or in another room: who reads looks after that.
        CREATE TABLE event_relations (
          child bigint PRIMARY KEY,
          parent text NOT NULL,
          rel_type text NOT NULL,
          type text NOT NULL,
          sender text NOT NULL,
          sent_at bigint NOT NULL,
          is_edit boolean NOT NULL,
          key bytea
        );
        CREATE INDEX event_relations_parent ON event_relations (parent, rel_type, child);
        CREATE INDEX event_relations_sender ON event_relations (parent, sender);
        CREATE INDEX event_relations_edits ON event_relations (parent, sent_at) WHERE is_edit;

        -- By the root of each thread: its latest event and how many there are. A thread whose
        -- events have all lost their content stays, without replies.
        CREATE TABLE threads (
          room_id text NOT NULL,
          root text NOT NULL,
          latest bigint NOT NULL,
          replies bigint NOT NULL,
          PRIMARY KEY (room_id, root)
        );
        CREATE INDEX threads_latest ON threads (room_id, latest);
        """),
    Migration(
      number: 202, name: "delayed events",
      sql: """
        -- What an event that was scheduled was called until then; for its sender.
        ALTER TABLE events ADD COLUMN delay_id text;
        """),
    Migration(
      number: 203, name: "room upgrades and reports",
      sql: """
        -- Which rooms are to take the place of others, from before they are made.
        CREATE TABLE room_upgrades (
          room_id text NOT NULL,
          user_id text NOT NULL,
          version text NOT NULL,
          replacement text NOT NULL,
          create_event bytea NOT NULL,
          created_at bigint NOT NULL,
          PRIMARY KEY (room_id, user_id, version)
        );

        -- What users think should be looked at.
        CREATE TABLE event_reports (
          id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
          received_at bigint NOT NULL,
          reporter text NOT NULL,
          room_id text NOT NULL,
          event_id text NOT NULL,
          reason text,
          score bigint
        );
        CREATE TABLE room_reports (
          id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
          received_at bigint NOT NULL,
          reporter text NOT NULL,
          room_id text NOT NULL,
          reason text NOT NULL
        );
        CREATE TABLE user_reports (
          id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
          received_at bigint NOT NULL,
          reporter text NOT NULL,
          target text NOT NULL,
          reason text NOT NULL
        );
        """),
    Migration(
      number: 204, name: "redactions that wait",
      sql: """
        -- Redactions that came before what they redact.
        CREATE TABLE waiting_redactions (
          redaction bigint PRIMARY KEY,
          room_id text NOT NULL,
          target text NOT NULL,
          -- Whether its sender's power is enough for events of others.
          may_redact boolean NOT NULL
        );
        CREATE INDEX waiting_redactions_target ON waiting_redactions (target);
        """),
    Migration(
      number: 205, name: "removal of rooms",
      sql: """
        -- For finding all events of a room: there are few beside those of its history.
        CREATE INDEX events_room_others ON events (room_id) WHERE standing IS NOT NULL;

        -- Rooms that nobody of this server may enter, and who said so.
        CREATE TABLE blocked_rooms (
          room_id text PRIMARY KEY,
          user_id text NOT NULL
        );
        """),
  ]
}
