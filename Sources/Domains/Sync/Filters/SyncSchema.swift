package import Postgres

package enum SyncSchema {
  package static let migrations: [Migration] = [
    Migration(
      number: 300, name: "filters",
      sql: """
        CREATE TABLE user_filters (
          user_id text NOT NULL,
          filter_id bigint NOT NULL,
          definition bytea NOT NULL,
          PRIMARY KEY (user_id, filter_id)
        );
        """)
  ]
}
