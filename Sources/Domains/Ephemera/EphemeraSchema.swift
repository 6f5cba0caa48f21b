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
        """)
  ]
}
