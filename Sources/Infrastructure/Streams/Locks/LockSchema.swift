/// The table and functions of locks between processes.
enum LockSchema {
  static let sql = table + acquire + fence

  /// A row for whoever holds a lock, and for whoever waits to hold it alone, so that those who
  /// would share it do not keep coming in before.
  private static let table = """
    CREATE TABLE worker_locks (
      name text NOT NULL,
      key text NOT NULL,
      token bigint NOT NULL,
      exclusive boolean NOT NULL,
      waiting boolean NOT NULL,
      expires_at timestamptz NOT NULL,
      PRIMARY KEY (name, key, token)
    ) WITH (fillfactor = 50);

    """

  /// False when it has to be tried again. Rows that have run out are removed unless a transaction
  /// that passed their fence is still under way: until its end the lock is held.
  private static let acquire = """
    CREATE FUNCTION apus_acquire_lock(
      for_name text, for_key text, for_token bigint, alone boolean, seconds double precision)
    RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
    DECLARE
      granted boolean;
    BEGIN
      IF NOT pg_try_advisory_xact_lock(hashtext('apus/lock/' || for_name), hashtext(for_key)) THEN
        RETURN false;
      END IF;
      DELETE FROM worker_locks l WHERE l.name = for_name AND l.key = for_key AND l.token IN (
        SELECT o.token FROM worker_locks o WHERE o.name = for_name AND o.key = for_key
          AND o.token <> for_token AND o.expires_at <= clock_timestamp() FOR UPDATE SKIP LOCKED);
      granted := NOT EXISTS (
        SELECT 1 FROM worker_locks l WHERE l.name = for_name AND l.key = for_key
          AND l.token <> for_token
          AND CASE WHEN alone THEN NOT l.waiting ELSE l.exclusive END);
      IF granted OR alone THEN
        INSERT INTO worker_locks AS l (name, key, token, exclusive, waiting, expires_at)
        VALUES (for_name, for_key, for_token, alone, NOT granted,
          clock_timestamp() + make_interval(secs => seconds))
        ON CONFLICT (name, key, token)
          DO UPDATE SET waiting = excluded.waiting, expires_at = excluded.expires_at;
      END IF;
      RETURN granted;
    END $$;

    """

  /// Keeps the row until the transaction ends without standing in the way of a renewal.
  private static let fence = """
    CREATE FUNCTION apus_lock_fence(for_name text, for_key text, for_token bigint)
    RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
    BEGIN
      PERFORM 1 FROM worker_locks l
      WHERE l.name = for_name AND l.key = for_key AND l.token = for_token AND NOT l.waiting
      FOR KEY SHARE;
      IF NOT FOUND THEN
        RAISE EXCEPTION 'the lock % on % has been lost', for_name, for_key
          USING ERRCODE = 'AP001';
      END IF;
      RETURN true;
    END $$;
    """
}
