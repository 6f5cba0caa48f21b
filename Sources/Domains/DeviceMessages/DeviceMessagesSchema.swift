package import Postgres

/// The tables of what devices send each other. Numbers 800 to 849.
package enum DeviceMessagesSchema {
  package static let migrations: [Migration] = [
    Migration(
      number: 800, name: "device_messages",
      sql: """
        -- A number for every device that there ever was: a device that takes the name of a deleted
        -- one finds nothing of what waited for that.
        ALTER TABLE devices ADD COLUMN inbox bigint GENERATED ALWAYS AS IDENTITY;
        CREATE UNIQUE INDEX devices_inbox ON devices (inbox);
        -- What devices have not acknowledged yet.
        CREATE TABLE device_messages (
          inbox bigint NOT NULL,
          stream_id bigint NOT NULL,
          writer integer NOT NULL,
          -- As /sync tells it.
          event bytea NOT NULL,
          PRIMARY KEY (inbox, stream_id)
        );
        CREATE INDEX device_messages_stream ON device_messages (stream_id);
        -- Requests that were carried out, so that a repeated one does nothing.
        CREATE TABLE device_message_transactions (
          user_id text NOT NULL,
          -- Of the sending device; 0 for who has none.
          inbox bigint NOT NULL,
          event_type text NOT NULL,
          transaction_id text NOT NULL,
          done_at timestamptz NOT NULL DEFAULT now(),
          PRIMARY KEY (user_id, inbox, event_type, transaction_id)
        );
        CREATE INDEX device_message_transactions_age ON device_message_transactions (done_at);
        """)
  ]
}
