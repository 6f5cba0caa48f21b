package import Postgres

/// The tables of this domain. Migrations are numbered from 600.
package enum PushRulesSchema {
  package static let migrations: [Migration] = [
    Migration(number: 600, name: "push_rules", sql: rulesets),
    Migration(number: 601, name: "event_push", sql: actions),
    Migration(number: 602, name: "pushers", sql: pushers),
  ]

  private static let rulesets = """
    -- Only of users who changed something; all of a user's rules in one row, as they are only
    -- ever read together. The position is that of the last change in the stream.
    CREATE TABLE push_rulesets (
      user_id text PRIMARY KEY,
      rules bytea NOT NULL,
      stream_position bigint NOT NULL,
      writer integer NOT NULL
    );
    CREATE INDEX push_rulesets_stream ON push_rulesets (writer, stream_position);
    """

  /// See `UnreadStore` for how they work together.
  private static let actions = """
    CREATE TABLE event_push (
      room_id text NOT NULL,
      stream_ordering bigint NOT NULL,
      -- Null for the main timeline.
      thread_id text,
      notifies boolean NOT NULL,
      highlights boolean NOT NULL,
      -- Running totals with this event: of the main timeline, and of the event's thread.
      main_notifications bigint NOT NULL,
      main_highlights bigint NOT NULL,
      thread_notifications bigint,
      thread_highlights bigint,
      -- Null when the event is in the main timeline and notifies all in the usual way.
      push bytea,
      PRIMARY KEY (room_id, stream_ordering)
    );
    CREATE INDEX event_push_thread ON event_push (room_id, thread_id, stream_ordering)
      WHERE thread_id IS NOT NULL;

    CREATE TABLE push_threads (
      room_id text NOT NULL,
      thread_id text NOT NULL,
      last_ordering bigint NOT NULL,
      PRIMARY KEY (room_id, thread_id)
    ) WITH (fillfactor = 70);

    CREATE TABLE push_actions (
      user_id text NOT NULL,
      room_id text NOT NULL,
      stream_ordering bigint NOT NULL,
      thread_id text NOT NULL,
      notifies boolean NOT NULL,
      highlights boolean NOT NULL,
      -- What is to be added to the counts that come from the room's totals.
      notification_delta smallint NOT NULL,
      highlight_delta smallint NOT NULL,
      PRIMARY KEY (user_id, room_id, stream_ordering)
    );

    CREATE TABLE push_turns (
      room_id text NOT NULL,
      user_id text NOT NULL,
      stream_ordering bigint NOT NULL,
      follows boolean NOT NULL,
      PRIMARY KEY (room_id, user_id, stream_ordering)
    );

    -- Rewritten with every message of a user: kept half empty, and no other index.
    CREATE TABLE push_marks (
      user_id text NOT NULL,
      room_id text NOT NULL,
      thread_id text NOT NULL,
      stream_ordering bigint NOT NULL,
      PRIMARY KEY (user_id, room_id, thread_id)
    ) WITH (fillfactor = 50);
    """

  private static let pushers = """
    CREATE TABLE pushers (
      pusher_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      user_id text NOT NULL,
      app_id text NOT NULL,
      pushkey text NOT NULL,
      kind text NOT NULL,
      device_id text,
      app_display_name text NOT NULL,
      device_display_name text NOT NULL,
      profile_tag text,
      lang text NOT NULL,
      data bytea NOT NULL,
      created_at bigint NOT NULL,
      -- Up to where in the events stream everything was sent, and how sending goes.
      last_stream_ordering bigint NOT NULL,
      last_success_at bigint,
      failing_since bigint,
      UNIQUE (app_id, pushkey, user_id)
    ) WITH (fillfactor = 80);
    CREATE INDEX pushers_user ON pushers (user_id);
    """
}
