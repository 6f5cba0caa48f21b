import Postgres

/// The SQL of claims. When an event is due is said by the clock of whoever asks, how long
/// something is somebody's by the database's.
extension ClaimStore {
  /// Milliseconds. A rest that ends later is from before the clock was set back.
  static let longestRest: Int64 = 10_000

  /// Claims happen one after the other: each sees which rooms the others hold.
  static let enter = Statement(
    "delayed_claim_enter", "SELECT pg_advisory_xact_lock(\(lockNumber))::text", repeatable: false)
  private static let lockNumber = 0x6465_6c61_7965

  static let renew = Statement(
    "delayed_renew",
    """
    INSERT INTO delayed_runners (name, lease_until)
    VALUES ($1, clock_timestamp() + make_interval(secs => $2::bigint / 1000.0))
    ON CONFLICT (name) DO UPDATE SET lease_until = excluded.lease_until
    """)

  private static let milliseconds = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint"
  private static let isResting =
    "holder = '' AND lease_until > \(milliseconds) AND lease_until <= \(milliseconds) +"

  /// Nothing is taken that comes after what somebody else is about to change, such as the room's
  /// owner that finishes it: that may fail. The last column says how many could have been taken.
  /// The minute is for programs of the version before, to which it is the lease.
  static let claim = Statement(
    "delayed_claim",
    """
    WITH own AS (SELECT * FROM unnest($4::bigint[], $5::bigint[]) AS v (id, claim)),
    held AS MATERIALIZED (
      SELECT room_id FROM delayed_events
      WHERE finalised_at IS NULL AND holder IS NOT NULL AND (\(isResting) $6
        OR holder IN (SELECT name FROM delayed_runners
          WHERE lease_until > clock_timestamp() AND name <> $2))
    ),
    candidates AS MATERIALIZED (
      SELECT id FROM delayed_events d
      WHERE finalised_at IS NULL AND due <= $1 AND room_id NOT IN (SELECT room_id FROM held)
        AND NOT EXISTS (SELECT FROM own WHERE own.id = d.id AND own.claim = d.claim)
      ORDER BY due, id LIMIT $3
    ),
    free AS MATERIALIZED (
      SELECT id, room_id, due FROM delayed_events
      WHERE id IN (SELECT id FROM candidates) AND finalised_at IS NULL AND due <= $1
      ORDER BY due, id FOR UPDATE SKIP LOCKED
    ),
    obstacles AS (
      SELECT DISTINCT ON (room_id) room_id, due, id FROM delayed_events o
      WHERE finalised_at IS NULL AND due <= (SELECT max(due) FROM free)
        AND room_id IN (SELECT room_id FROM free)
        AND NOT EXISTS (SELECT FROM free WHERE free.id = o.id)
        AND NOT EXISTS (SELECT FROM own WHERE own.id = o.id AND own.claim = o.claim)
      ORDER BY room_id, due, id
    ),
    taken AS (
      SELECT f.id FROM free f LEFT JOIN obstacles o USING (room_id)
      WHERE o.id IS NULL OR (f.due, f.id) < (o.due, o.id)
    ),
    written AS (
      UPDATE delayed_events d SET holder = $2, lease_until = $1 + 60000, claim = d.claim + 1
      FROM taken WHERE d.id = taken.id
      RETURNING \(DelayedEventRow.columns), d.claim
    )
    SELECT w.*, (SELECT count(*) FROM candidates)
    FROM (SELECT) one LEFT JOIN written w ON true
    """)

  static let next = Statement(
    "delayed_next",
    """
    SELECT (SELECT min(due) FROM delayed_events WHERE finalised_at IS NULL AND due > $1),
      (SELECT ceil(extract(epoch FROM min(lease_until) - clock_timestamp()) * 1000)::bigint
        FROM delayed_runners r
        WHERE name <> $2 AND lease_until > clock_timestamp() AND EXISTS (
          SELECT FROM delayed_events WHERE finalised_at IS NULL AND holder = r.name)),
      (SELECT min(lease_until) - \(milliseconds) FROM delayed_events
        WHERE finalised_at IS NULL AND \(isResting) $3)
    """)

  static let release = Statement(
    "delayed_release",
    """
    UPDATE delayed_events d SET holder = '', lease_until = \(milliseconds) + $3, claim = d.claim + 1
    FROM unnest($1::text[], $2::bigint[]) AS v (id, claim)
    WHERE d.delay_id = v.id AND d.claim = v.claim AND holder IS NOT NULL AND finalised_at IS NULL
    """)

  static let releaseAll = Statement(
    "delayed_release_all",
    """
    UPDATE delayed_events SET holder = '', lease_until = 0, claim = claim + 1
    WHERE finalised_at IS NULL AND holder IS NOT NULL AND holder = $1
    """)

  static let forget = Statement("delayed_forget", "DELETE FROM delayed_runners WHERE name = $1")
}
