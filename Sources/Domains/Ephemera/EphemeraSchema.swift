package import Postgres

/// The tables of what accompanies rooms and users beside events. Numbers 500 to 599.
package enum EphemeraSchema {
  package static let migrations: [Migration] = [
    Migration(
      number: 500, name: "account_data",
      sql: """
        CREATE TABLE account_data (
          user_id text NOT NULL,
          -- Empty for data that belongs to no room.
          room_id text NOT NULL,
          type text NOT NULL,
          content bytea NOT NULL,
          stream_id bigint NOT NULL,
          writer integer NOT NULL,
          PRIMARY KEY (user_id, room_id, type)
        );
        CREATE INDEX account_data_stream ON account_data (stream_id);
        CREATE INDEX account_data_ignored ON account_data (user_id)
          WHERE room_id = '' AND type = 'm.ignored_user_list';
        """),
    Migration(
      number: 501, name: "receipts",
      sql: """
        CREATE TABLE receipts (
          room_id text NOT NULL,
          receipt_type text NOT NULL,
          user_id text NOT NULL,
          -- Empty for a receipt of no thread.
          thread_id text NOT NULL,
          event_id text NOT NULL,
          -- Where the event is in the events stream; null for one that is not known here.
          event_ordering bigint,
          ts bigint NOT NULL,
          stream_id bigint NOT NULL,
          writer integer NOT NULL,
          PRIMARY KEY (room_id, receipt_type, user_id, thread_id)
        );
        CREATE INDEX receipts_stream ON receipts (stream_id);
        CREATE INDEX receipts_user ON receipts (user_id, room_id);
        """),
    Migration(
      number: 502, name: "presence",
      sql: """
        CREATE TABLE presence (
          user_id text PRIMARY KEY,
          state text NOT NULL,
          last_active bigint,
          status_msg text,
          is_active boolean NOT NULL,
          -- When this was written, in milliseconds since the epoch.
          changed bigint NOT NULL
        );
        CREATE INDEX presence_present ON presence (last_active) WHERE state <> 'offline';
        """),
  ]
}
