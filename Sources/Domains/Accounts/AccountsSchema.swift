package import Postgres

package enum AccountsSchema {
  package static let migrations: [Migration] = [
    Migration(number: 100, name: "accounts", sql: accounts),
    Migration(number: 101, name: "registration", sql: registration),
  ]

  /// Deleting a device deletes its tokens; whoever does so announces them as invalid first.
  private static let accounts = """
    CREATE TABLE users (
      user_id text PRIMARY KEY,
      password_hash text,
      created_at bigint NOT NULL,
      is_admin boolean NOT NULL DEFAULT false,
      is_guest boolean NOT NULL DEFAULT false,
      deactivated boolean NOT NULL DEFAULT false,
      displayname text,
      avatar_url text
    );
    CREATE TABLE devices (
      user_id text NOT NULL REFERENCES users ON DELETE CASCADE,
      device_id text NOT NULL,
      display_name text,
      created_at bigint NOT NULL,
      last_seen_ts bigint,
      last_seen_ip text,
      PRIMARY KEY (user_id, device_id)
    );
    CREATE TABLE access_tokens (
      token_hash bytea PRIMARY KEY,
      user_id text NOT NULL,
      device_id text NOT NULL,
      created_at bigint NOT NULL,
      valid_until bigint,
      FOREIGN KEY (user_id, device_id) REFERENCES devices ON DELETE CASCADE
    );
    CREATE INDEX access_tokens_by_device ON access_tokens (user_id, device_id);
    """

  private static let registration = """
    CREATE SEQUENCE guest_localparts;
    CREATE TABLE registration_nonces (
      nonce text PRIMARY KEY,
      created_at bigint NOT NULL
    );
    CREATE INDEX registration_nonces_by_age ON registration_nonces (created_at);
    CREATE TABLE ui_auth_sessions (
      session text PRIMARY KEY,
      operation text NOT NULL,
      created_at bigint NOT NULL,
      completed text NOT NULL,
      user_id text
    );
    CREATE INDEX ui_auth_sessions_by_age ON ui_auth_sessions (created_at);
    """
}
