/// One advisory lock a writer and stream orders everything: each writing transaction holds it
/// from its fence to its end, so whoever gets it knows that nothing of the writer is under way.
///
/// Each statement of these functions sees what is committed by then, which takes the isolation
/// level READ COMMITTED.
enum ReplicationFunctions {
  static let sql = lock + fence + acquire + settle + settleDead

  private static let lock = """
    CREATE FUNCTION apus_writer_lock_class(for_stream text) RETURNS integer
    LANGUAGE sql IMMUTABLE AS $$ SELECT hashtext('apus/writer/' || for_stream) $$;

    CREATE FUNCTION apus_sequence_value(sequence_name text) RETURNS bigint
    LANGUAGE sql VOLATILE AS
    $$ SELECT coalesce(pg_sequence_last_value(sequence_name::regclass), 0) $$;

    """

  private static let fence = """
    CREATE FUNCTION apus_fence(for_stream text, for_instance bigint, held_epoch bigint)
    RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
    BEGIN
      IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'a fenced transaction has to be READ COMMITTED';
      END IF;
      PERFORM pg_advisory_xact_lock(apus_writer_lock_class(for_stream), for_instance::integer);
      PERFORM 1 FROM writer_leases l
      WHERE l.stream = for_stream AND l.instance_id = for_instance AND l.epoch = held_epoch
        AND l.expires_at > clock_timestamp();
      IF NOT FOUND THEN
        RAISE EXCEPTION 'the lease on stream % is not held by writer % with epoch %',
          for_stream, for_instance, held_epoch USING ERRCODE = 'AP001';
      END IF;
      RETURN true;
    END $$;

    """

  private static let acquire = """
    CREATE FUNCTION apus_acquire_lease(
      for_stream text, for_instance bigint, new_holder bigint, take_over boolean,
      seconds double precision, sequence_name text)
    RETURNS TABLE (new_epoch bigint, reached bigint) LANGUAGE plpgsql VOLATILE AS $$
    BEGIN
      PERFORM pg_advisory_xact_lock(apus_writer_lock_class(for_stream), for_instance::integer);
      INSERT INTO writer_leases AS l (stream, instance_id, holder, epoch, expires_at)
      VALUES (
        for_stream, for_instance, new_holder, 1,
        clock_timestamp() + make_interval(secs => seconds))
      ON CONFLICT (stream, instance_id) DO UPDATE
      SET holder = excluded.holder, epoch = l.epoch + 1, expires_at = excluded.expires_at
      WHERE take_over OR l.holder = excluded.holder
      RETURNING l.epoch INTO new_epoch;
      IF new_epoch IS NULL THEN
        RETURN;
      END IF;
      INSERT INTO stream_positions AS p (stream, instance_id, position)
      VALUES (for_stream, for_instance, apus_sequence_value(sequence_name))
      ON CONFLICT (stream, instance_id) DO UPDATE
      SET position = greatest(p.position, excluded.position)
      RETURNING p.position INTO reached;
      RETURN NEXT;
    END $$;

    """

  private static let settle = """
    CREATE FUNCTION apus_settle(
      for_stream text, for_instance bigint, held_epoch bigint, sequence_name text)
    RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
    DECLARE
      reached bigint;
    BEGIN
      IF NOT pg_try_advisory_xact_lock(
        apus_writer_lock_class(for_stream), for_instance::integer)
      THEN
        RETURN NULL;
      END IF;
      UPDATE stream_positions p
      SET position = greatest(p.position, apus_sequence_value(sequence_name))
      WHERE p.stream = for_stream AND p.instance_id = for_instance
        AND EXISTS (
          SELECT 1 FROM writer_leases l
          WHERE l.stream = for_stream AND l.instance_id = for_instance
            AND l.epoch = held_epoch AND l.expires_at > clock_timestamp())
      RETURNING p.position INTO reached;
      RETURN reached;
    END $$;

    """

  private static let settleDead = """
    CREATE FUNCTION apus_settle_dead_writers(for_stream text, sequence_name text)
    RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
    DECLARE
      dead integer;
      moved bigint := 0;
    BEGIN
      FOR dead IN
        SELECT p.instance_id
        FROM stream_positions p LEFT JOIN writer_leases l USING (stream, instance_id)
        WHERE p.stream = for_stream AND p.position < apus_sequence_value(sequence_name)
          AND (l.expires_at IS NULL OR l.expires_at < clock_timestamp())
        ORDER BY p.instance_id
      LOOP
        CONTINUE WHEN NOT pg_try_advisory_xact_lock(apus_writer_lock_class(for_stream), dead);
        UPDATE stream_positions p
        SET position = greatest(p.position, apus_sequence_value(sequence_name))
        WHERE p.stream = for_stream AND p.instance_id = dead;
        moved := moved + 1;
      END LOOP;
      RETURN moved;
    END $$;

    """
}
