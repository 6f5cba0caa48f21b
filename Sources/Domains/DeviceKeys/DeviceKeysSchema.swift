package import Postgres

/// The tables of end-to-end encryption keys. Numbers 700 to 799.
///
/// They are of this server's users only. Keys go with their device: who deletes devices tells the
/// `DeviceKeysObserver`, and who stores keys locks the device first.
package enum DeviceKeysSchema {
  package static let migrations: [Migration] = [
    Migration(number: 700, name: "device_keys", sql: deviceKeys),
    Migration(number: 701, name: "cross_signing", sql: crossSigning),
    Migration(number: 702, name: "device_list_changes", sql: changes),
    Migration(number: 703, name: "latest_joins", sql: latestJoins),
  ]

  private static let deviceKeys = """
    CREATE TABLE device_identity_keys (
      user_id text NOT NULL,
      device_id text NOT NULL,
      -- Canonical JSON without signatures and unsigned.
      body bytea NOT NULL,
      -- A JSON object: those that everybody may see.
      signatures bytea NOT NULL,
      PRIMARY KEY (user_id, device_id)
    );

    CREATE SEQUENCE device_key_uploads_seq AS bigint;
    CREATE TABLE device_one_time_keys (
      user_id text NOT NULL,
      device_id text NOT NULL,
      algorithm text NOT NULL,
      key_id text NOT NULL,
      json bytea NOT NULL,
      -- Keys are given out in the order of their uploads.
      upload bigint NOT NULL,
      -- Milliseconds; NULL while the key is to be had. Given out keys are kept for a time, so that
      -- a repeated upload does not bring them back.
      claimed_at bigint,
      PRIMARY KEY (user_id, device_id, algorithm, key_id)
    );
    CREATE INDEX device_one_time_keys_unclaimed
      ON device_one_time_keys (user_id, device_id, algorithm, upload)
      WHERE claimed_at IS NULL;
    CREATE INDEX device_one_time_keys_claimed ON device_one_time_keys (user_id, device_id)
      WHERE claimed_at IS NOT NULL;

    CREATE TABLE device_fallback_keys (
      user_id text NOT NULL,
      device_id text NOT NULL,
      algorithm text NOT NULL,
      key_id text NOT NULL,
      json bytea NOT NULL,
      used boolean NOT NULL DEFAULT false,
      PRIMARY KEY (user_id, device_id, algorithm)
    );
    """

  private static let crossSigning = """
    CREATE TABLE cross_signing_keys (
      user_id text NOT NULL,
      -- master, self_signing or user_signing.
      usage text NOT NULL,
      -- Unpadded base64.
      public_key text NOT NULL,
      -- As of device_identity_keys.
      body bytea NOT NULL,
      signatures bytea NOT NULL,
      PRIMARY KEY (user_id, usage)
    );
    -- What users have signed of others; only the signer sees it.
    CREATE TABLE user_signatures (
      signer text NOT NULL,
      user_id text NOT NULL,
      -- The master key that is signed.
      public_key text NOT NULL,
      -- A JSON object: the signer's signatures by key.
      signatures bytea NOT NULL,
      PRIMARY KEY (signer, user_id)
    );
    """

  private static let changes = """
    -- The last change of each device that has, or had, keys.
    CREATE TABLE device_list_changes (
      user_id text NOT NULL,
      -- Empty for the user's cross-signing keys.
      device_id text NOT NULL,
      -- Empty for everybody who shares a room with the user; else the one user who is told.
      audience text NOT NULL,
      stream_id bigint NOT NULL,
      writer integer NOT NULL,
      PRIMARY KEY (user_id, device_id, audience)
    );
    CREATE INDEX device_list_changes_stream ON device_list_changes (stream_id);
    -- Changes made outside of the stream's writer, which it has not told yet.
    CREATE TABLE device_list_pending (
      user_id text NOT NULL,
      device_id text NOT NULL,
      PRIMARY KEY (user_id, device_id)
    );
    """

  /// Who shares a room with whom changes with memberships: after a pause it is found out from those
  /// that are newer than a client's position.
  private static let latestJoins = """
    CREATE INDEX room_memberships_latest ON room_memberships (stream_ordering);
    """
}
