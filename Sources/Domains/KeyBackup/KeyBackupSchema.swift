package import Postgres

/// The tables of backed up keys. Numbers 850 to 899.
package enum KeyBackupSchema {
  package static let migrations: [Migration] = [
    Migration(
      number: 850, name: "key_backups",
      sql: """
        -- The last version that each user was given, deleted ones included.
        CREATE TABLE key_backup_users (
          user_id text PRIMARY KEY,
          last_version bigint NOT NULL
        ) WITH (fillfactor = 80);
        CREATE TABLE key_backups (
          backup bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
          user_id text NOT NULL,
          version bigint NOT NULL,
          algorithm text NOT NULL,
          auth_data bytea NOT NULL,
          etag bigint NOT NULL DEFAULT 0,
          -- Of its keys.
          key_count bigint NOT NULL DEFAULT 0,
          PRIMARY KEY (user_id, version)
        ) WITH (fillfactor = 80);
        -- Whoever writes or removes keys has locked the row of their backup.
        CREATE TABLE key_backup_keys (
          backup bigint NOT NULL,
          room_id text NOT NULL,
          session_id text NOT NULL,
          first_message_index bigint NOT NULL,
          forwarded_count bigint NOT NULL,
          is_verified boolean NOT NULL,
          session_data bytea NOT NULL,
          PRIMARY KEY (backup, room_id, session_id)
        );
        """)
  ]
}
