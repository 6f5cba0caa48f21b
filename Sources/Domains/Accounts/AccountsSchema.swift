package import Postgres

package enum AccountsSchema {
  package static let migrations: [Migration] = [
    Migration(number: 100, name: "accounts", sql: accounts),
    Migration(number: 101, name: "registration", sql: registration),
    Migration(number: 102, name: "refresh_tokens", sql: refreshTokens),
    Migration(number: 103, name: "short_lived_tokens", sql: shortLivedTokens),
    Migration(number: 104, name: "account_care", sql: care),
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
      erased boolean NOT NULL DEFAULT false,
      accepted_policies text[] NOT NULL DEFAULT '{}',
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
      generation bigint,
      confirmed_at bigint NOT NULL,
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
    CREATE TABLE registration_tokens (
      token text PRIMARY KEY,
      uses_allowed bigint,
      pending bigint NOT NULL DEFAULT 0,
      completed bigint NOT NULL DEFAULT 0,
      expiry_time bigint
    );
    CREATE TABLE ui_auth_sessions (
      session text PRIMARY KEY,
      operation text NOT NULL,
      created_at bigint NOT NULL,
      completed text NOT NULL,
      content_hash bytea,
      user_id text,
      registration_token text
    );
    CREATE INDEX ui_auth_sessions_by_age ON ui_auth_sessions (created_at);
    """

  /// One row a device: the refresh token of its newest generation and, until something of that
  /// has been used, the one before.
  private static let refreshTokens = """
    CREATE TABLE refresh_tokens (
      user_id text NOT NULL,
      device_id text NOT NULL,
      generation bigint NOT NULL,
      current_hash bytea NOT NULL UNIQUE,
      current_valid_until bigint,
      previous_hash bytea UNIQUE,
      previous_valid_until bigint,
      session_end bigint,
      PRIMARY KEY (user_id, device_id),
      FOREIGN KEY (user_id, device_id) REFERENCES devices ON DELETE CASCADE
    ) WITH (fillfactor = 70);
    """

  private static let shortLivedTokens = """
    CREATE TABLE login_tokens (
      token_hash bytea PRIMARY KEY,
      user_id text NOT NULL REFERENCES users ON DELETE CASCADE,
      valid_until bigint NOT NULL
    );
    CREATE INDEX login_tokens_by_end ON login_tokens (valid_until);
    CREATE INDEX login_tokens_by_user ON login_tokens (user_id);
    CREATE TABLE open_id_tokens (
      token_hash bytea PRIMARY KEY,
      user_id text NOT NULL REFERENCES users ON DELETE CASCADE,
      valid_until bigint NOT NULL
    );
    CREATE INDEX open_id_tokens_by_end ON open_id_tokens (valid_until);
    CREATE INDEX open_id_tokens_by_user ON open_id_tokens (user_id);
    """

  private static let care = """
    CREATE TABLE profile_fields (
      user_id text NOT NULL REFERENCES users ON DELETE CASCADE,
      name text NOT NULL,
      value text NOT NULL,
      PRIMARY KEY (user_id, name)
    );
    CREATE TABLE ratelimit_override (
      user_id text PRIMARY KEY REFERENCES users ON DELETE CASCADE,
      messages_per_second bigint NOT NULL,
      burst_count bigint NOT NULL
    );
    CREATE TABLE users_pending_deactivation (
      user_id text PRIMARY KEY REFERENCES users ON DELETE CASCADE,
      queued_at bigint NOT NULL,
      claimed_until bigint NOT NULL
    );
    """
}
