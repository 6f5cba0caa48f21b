package import Postgres

/// How far the changes of stored data have come. Numbers 930 to 959.
package enum BackgroundUpdatesSchema {
  package static let migrations: [Migration] = [
    Migration(
      number: 930, name: "background_updates",
      sql: """
        -- One row for each change that a release ever asked for, so that none is made twice.
        CREATE TABLE background_updates (
          name text PRIMARY KEY,
          ordering bigint NOT NULL,
          depends_on text[] NOT NULL,
          progress text NOT NULL DEFAULT '{}',
          items bigint NOT NULL DEFAULT 0,
          duration_ms bigint NOT NULL DEFAULT 0,
          -- The last failure, and when it is tried again.
          error text,
          retry_at bigint NOT NULL DEFAULT 0,
          done_at bigint
        );
        CREATE TABLE background_update_settings (
          only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
          enabled boolean NOT NULL
        );
        INSERT INTO background_update_settings (enabled) VALUES (true);
        """)
  ]
}
