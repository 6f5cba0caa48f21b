import MatrixIdentifiers
import Postgres

/// A delayed event that a runner has taken.
struct ClaimedDelay: Sendable, Equatable {
  let event: DelayedEvent
  /// Who has a higher one has taken it since.
  let claim: Int64
  /// Until when it is the runner's; milliseconds since the epoch.
  let leaseEnd: Int64
}

/// How runners share out the delayed events that are due. A room is one runner's as long as it
/// holds any of the room's events, so that they are sent in the order of their times.
struct ClaimStore: Sendable {
  /// Claims happen one after the other: each sees which rooms the others hold.
  private static let enter = Statement(
    "delayed_claim_enter", "SELECT pg_advisory_xact_lock(\(lockNumber))::text", repeatable: false)
  private static let lockNumber = 0x6465_6c61_7965
  // A lease that ends later than one taken now would is from before a clock was set back. Nothing
  // is taken that comes after what is somebody else's, or what the owner of the room is about to
  // finish: that may fail.
  private static let claim = Statement(
    "delayed_claim",
    """
    WITH own AS (SELECT * FROM unnest($5::bigint[], $6::bigint[]) AS v (id, claim)),
    free AS (
      SELECT id, room_id, due FROM delayed_events
      WHERE finalised_at IS NULL AND due <= $1 AND NOT (lease_until > $1 AND lease_until <= $1 + $3)
        AND room_id NOT IN (SELECT room_id FROM delayed_events h
          WHERE finalised_at IS NULL AND holder IS NOT NULL
            AND lease_until > $1 AND lease_until <= $1 + $3
            AND NOT EXISTS (SELECT FROM own WHERE own.id = h.id AND own.claim = h.claim))
      ORDER BY due, id LIMIT $4 FOR UPDATE SKIP LOCKED
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
    )
    UPDATE delayed_events d SET holder = $2, lease_until = $1 + $3, claim = claim + 1
    FROM taken WHERE d.id = taken.id
    RETURNING \(DelayedEventRow.columns), d.claim
    """)
  private static let nextDue = Statement(
    "delayed_next_due",
    "SELECT min(due) FROM delayed_events WHERE finalised_at IS NULL AND due > $1")
  private static let release = Statement(
    "delayed_release",
    """
    UPDATE delayed_events d SET holder = '', lease_until = $3
    FROM unnest($1::text[], $2::bigint[]) AS v (id, claim)
    WHERE d.delay_id = v.id AND d.claim = v.claim AND finalised_at IS NULL
    """)
  private static let releaseAll = Statement(
    "delayed_release_all",
    """
    UPDATE delayed_events SET holder = NULL, lease_until = 0
    WHERE finalised_at IS NULL AND holder IS NOT NULL AND holder = $1
    """)
  private static let fail = Statement(
    "delayed_fail",
    """
    UPDATE delayed_events SET finalised_at = $4, error = $3
    WHERE delay_id = $1 AND claim = $2 AND finalised_at IS NULL
    """)

  let database: any Querying

  struct Claim: Sendable {
    /// In the order of their times.
    let taken: [ClaimedDelay]
    /// When the next one is due of those that are not due yet; milliseconds since the epoch.
    let nextDue: Int64?
  }

  /// - Parameters:
  ///   - holder: the runner's name.
  ///   - own: the events that it has and knows of.
  ///   - lease: milliseconds.
  func claim(
    _ limit: Int, by holder: String, besides own: [ClaimedDelay], lease: Int64, now: Int64
  ) async throws -> Claim {
    let rows = try await database.queryAll([
      Query(Self.enter),
      Query(
        Self.claim,
        [
          .int(now), .text(holder), .int(lease), .int(Int64(limit)), .ints(own.map(\.event.number)),
          .ints(own.map(\.claim)),
        ]),
      Query(Self.nextDue, [.int(now)]),
    ])
    let taken = (0..<rows[1].count).compactMap { row -> ClaimedDelay? in
      guard let event = DelayedEventRow.decode(rows[1], row),
        let claim = rows[1].int(row, DelayedEventRow.width)
      else { return nil }
      return ClaimedDelay(event: event, claim: claim, leaseEnd: now + lease)
    }
    return Claim(
      taken: taken.sorted { ($0.event.due, $0.event.number) < ($1.event.due, $1.event.number) },
      nextDue: rows[2].int(0, 0))
  }

  /// Leaves events to whoever comes first after `time`; until then nobody touches their rooms.
  func release(_ delays: [ClaimedDelay], until time: Int64) async throws {
    _ = try await database.query(
      Self.release,
      [.texts(delays.map(\.event.delayID)), .ints(delays.map(\.claim)), .int(time)])
  }

  /// What an earlier process of this name has left.
  func releaseAll(of holder: String) async throws {
    _ = try await database.query(Self.releaseAll, [.text(holder)])
  }

  /// Ends an event that cannot be sent, unless somebody else has taken it since.
  /// - Parameter error: as JSON.
  func fail(_ delay: ClaimedDelay, _ error: [UInt8], now: Int64) async throws {
    _ = try await database.query(
      Self.fail,
      [.text(delay.event.delayID), .int(delay.claim), .bytes(error), .int(now)])
  }
}
