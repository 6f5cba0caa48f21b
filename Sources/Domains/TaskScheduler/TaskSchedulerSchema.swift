package import Postgres

/// The table of tasks and the functions that hand them out. Numbers 900 to 929.
package enum TaskSchedulerSchema {
  package static let migrations: [Migration] = [
    Migration(number: 900, name: "scheduled_tasks", sql: table + claim + fence)
  ]

  /// Times are milliseconds of the database's clock, so that the clocks of the fleet's machines
  /// need not agree. A renewed lease touches no index, so that the update stays on its page.
  private static let table = """
    CREATE TABLE scheduled_tasks (
      id text PRIMARY KEY,
      action text NOT NULL,
      status text NOT NULL
        CHECK (status IN ('scheduled', 'active', 'complete', 'failed', 'cancelled')),
      due_at bigint NOT NULL,
      -- The last change that its runner or an administrator made, not the renewal of a lease.
      changed_at bigint NOT NULL,
      resource_id text,
      -- Of tasks with the same key one at most is scheduled or active.
      unique_key text,
      params text,
      result text,
      error text,
      -- Drawn anew whenever somebody takes the task; who has another one cannot write. At random,
      -- so that none comes twice even if a crash of the server undoes a claim.
      token bigint NOT NULL DEFAULT 0,
      lease_until timestamptz,
      runner text,
      -- 0 for a task that recurs and waits for its next round: its result is that of the last one.
      launches bigint NOT NULL DEFAULT 0,
      -- Launches since there was progress.
      fruitless bigint NOT NULL DEFAULT 0,
      cancel_requested boolean NOT NULL DEFAULT false
    ) WITH (fillfactor = 70);
    CREATE UNIQUE INDEX scheduled_tasks_unique ON scheduled_tasks (unique_key)
      WHERE unique_key IS NOT NULL AND status IN ('scheduled', 'active');
    CREATE INDEX scheduled_tasks_due ON scheduled_tasks (action, due_at, id)
      WHERE status = 'scheduled';
    CREATE INDEX scheduled_tasks_next ON scheduled_tasks (due_at) WHERE status = 'scheduled';
    CREATE INDEX scheduled_tasks_active ON scheduled_tasks (action) WHERE status = 'active';
    CREATE INDEX scheduled_tasks_finished ON scheduled_tasks (changed_at)
      WHERE status IN ('complete', 'failed', 'cancelled');
    CREATE INDEX scheduled_tasks_resource ON scheduled_tasks (resource_id)
      WHERE resource_id IS NOT NULL;

    CREATE FUNCTION apus_milliseconds() RETURNS bigint LANGUAGE sql VOLATILE AS
    $$ SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint $$;

    """

  /// Claims take turns, so that the limits of actions hold over all runners; whoever comes while
  /// another one claims is told so instead of waiting. The last row has no task: it says what is
  /// to be known for the next time.
  private static let claim = """
    CREATE FUNCTION apus_claim_tasks(
      for_runner text, own text[], known text[], limits bigint[], room bigint,
      seconds double precision)
    RETURNS TABLE (
      task text, new_token bigint, task_action text, task_resource text, task_params text,
      task_result text, launch bigint, fruitless_launches bigint, late bigint, resumes boolean,
      cancelled boolean, is_busy boolean, held_back boolean, next_due bigint)
    LANGUAGE plpgsql VOLATILE AS $$
    DECLARE
      moment bigint;
    BEGIN
      IF NOT pg_try_advisory_xact_lock(hashtext('apus/tasks')) THEN
        is_busy := true;
        RETURN NEXT;
        RETURN;
      END IF;
      moment := apus_milliseconds();
      RETURN QUERY
      WITH allowed AS MATERIALIZED (
        SELECT k.action, least(room, k.most - (
          SELECT count(*) FROM scheduled_tasks r
          WHERE r.action = k.action AND r.status = 'active'
            AND (r.lease_until > clock_timestamp() OR r.id = ANY(own)))) AS free
        FROM unnest(known, limits) AS k (action, most)
      ), lost AS MATERIALIZED (
        SELECT t.* FROM allowed a CROSS JOIN LATERAL (
          SELECT s.id, s.action, s.due_at, true AS resumes, a.free FROM scheduled_tasks s
          WHERE s.action = a.action AND s.status = 'active'
            AND s.lease_until <= clock_timestamp() AND s.id <> ALL(own)
          ORDER BY s.due_at, s.id LIMIT greatest(a.free, 0) FOR UPDATE SKIP LOCKED) t
      ), due AS MATERIALIZED (
        SELECT t.* FROM allowed a CROSS JOIN LATERAL (
          SELECT s.id, s.action, s.due_at, false AS resumes, a.free FROM scheduled_tasks s
          WHERE s.action = a.action AND s.status = 'scheduled' AND s.due_at <= moment
          ORDER BY s.due_at, s.id LIMIT greatest(a.free, 0) FOR UPDATE SKIP LOCKED) t
      ), placed AS (
        SELECT c.*, row_number() OVER (
          PARTITION BY c.action ORDER BY c.resumes DESC, c.due_at, c.id) AS place
        FROM (SELECT * FROM lost UNION ALL SELECT * FROM due) c
      ), chosen AS (
        SELECT p.id, p.resumes FROM placed p WHERE p.place <= p.free
        ORDER BY p.resumes DESC, p.due_at, p.id LIMIT room
      )
      UPDATE scheduled_tasks t
      SET status = 'active', token = (random() * 9e15)::bigint, runner = for_runner, changed_at = moment,
        launches = t.launches + 1, fruitless = t.fruitless + 1,
        result = CASE t.launches WHEN 0 THEN NULL ELSE t.result END,
        lease_until = clock_timestamp() + make_interval(secs => seconds)
      FROM chosen c WHERE t.id = c.id
      RETURNING t.id, t.token, t.action, t.resource_id, t.params, t.result, t.launches,
        t.fruitless, moment - t.due_at, c.resumes, t.cancel_requested, false, false, NULL::bigint;
      RETURN QUERY
      SELECT NULL::text, NULL::bigint, NULL::text, NULL::text, NULL::text, NULL::text,
        NULL::bigint, NULL::bigint, NULL::bigint, NULL::boolean, NULL::boolean, false,
        EXISTS (SELECT 1 FROM scheduled_tasks s WHERE s.status = 'scheduled'
          AND s.due_at <= moment AND s.action = ANY(known)),
        least(
          (SELECT s.due_at FROM scheduled_tasks s WHERE s.status = 'scheduled'
            AND s.due_at > moment AND s.action = ANY(known) ORDER BY s.due_at LIMIT 1),
          -- One whose lease has ended was kept by a transaction under way, or by a limit.
          (SELECT greatest(
              ceil(extract(epoch FROM min(s.lease_until)) * 1000)::bigint, moment + 250)
            FROM scheduled_tasks s WHERE s.status = 'active' AND s.action = ANY(known)
            AND s.id <> ALL(own)))
          - apus_milliseconds();
    END $$;

    """

  /// Keeps others from taking the task until the transaction ends, and does not stand in the way
  /// of the lease's renewal.
  private static let fence = """
    CREATE FUNCTION apus_task_fence(for_task text, held_token bigint)
    RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
    DECLARE
      cancelled boolean;
    BEGIN
      SELECT t.cancel_requested INTO cancelled FROM scheduled_tasks t
      WHERE t.id = for_task AND t.token = held_token AND t.status = 'active' FOR KEY SHARE;
      IF NOT FOUND THEN
        RAISE EXCEPTION 'the task % has been taken by another runner', for_task
          USING ERRCODE = 'AP001';
      END IF;
      RETURN cancelled;
    END $$;
    """
}
