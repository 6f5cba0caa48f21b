package import Postgres

/// The table of delayed events. It is written by whoever serves the user, by the runners that take
/// what is due, and by the owner of the room in the transaction that writes the event.
package enum DelayedEventsSchema {
  package static let migrations: [Migration] = [
    Migration(
      number: 960, name: "delayed events",
      sql: """
        CREATE TABLE delayed_events (
          -- Orders those that are due at one moment.
          id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
          delay_id text NOT NULL UNIQUE,
          user_id text NOT NULL,
          -- The client's name for the request; NULL where it has given none.
          device_id text NOT NULL,
          txn_id text,
          room_id text NOT NULL,
          type text NOT NULL,
          state_key text,
          -- Canonical JSON, as the client sent it.
          content bytea NOT NULL,
          -- Milliseconds: how long, since when, until when.
          delay_ms bigint NOT NULL,
          since bigint NOT NULL,
          due bigint NOT NULL,
          -- The runner that has taken it to send it, until when at the most, and how often it was
          -- taken or restarted: who holds an older number has lost it. A runner whose room cannot
          -- be written to leaves it with an empty name until it is worth another try.
          holder text,
          lease_until bigint NOT NULL DEFAULT 0,
          claim bigint NOT NULL DEFAULT 0,
          -- NULL while it is scheduled. Then it was sent if it has an event, failed if it has an
          -- error (the JSON that a client would have got), and else was cancelled.
          finalised_at bigint,
          event_id text,
          error bytea
        );
        CREATE INDEX delayed_events_due ON delayed_events (due, id) WHERE finalised_at IS NULL;
        CREATE INDEX delayed_events_held ON delayed_events (lease_until)
          WHERE finalised_at IS NULL AND holder IS NOT NULL;
        CREATE INDEX delayed_events_scheduled ON delayed_events (user_id, due)
          WHERE finalised_at IS NULL;
        CREATE INDEX delayed_events_user ON delayed_events (user_id, due, id);
        CREATE INDEX delayed_events_kept ON delayed_events (user_id, finalised_at DESC, id DESC)
          WHERE finalised_at IS NOT NULL;
        CREATE UNIQUE INDEX delayed_events_transaction
          ON delayed_events (user_id, device_id, room_id, type, txn_id) WHERE txn_id IS NOT NULL;
        """),
    Migration(
      number: 961, name: "runners of delayed events",
      sql: """
        -- What a runner has taken is its own while it renews its one lease here. Of an event,
        -- lease_until only counts any more where a runner has left it: nobody touches its room
        -- until then. Both are times of the database's clock.
        CREATE TABLE delayed_runners (
          -- The instance's.
          name text PRIMARY KEY,
          lease_until timestamptz NOT NULL
        ) WITH (fillfactor = 50);
        DROP INDEX delayed_events_held;
        CREATE INDEX delayed_events_held ON delayed_events (holder, lease_until)
          WHERE finalised_at IS NULL AND holder IS NOT NULL;
        """),
  ]
}
