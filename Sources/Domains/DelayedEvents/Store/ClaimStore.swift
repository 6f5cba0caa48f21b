import MatrixIdentifiers
import Postgres

/// A delayed event that a runner has taken.
struct ClaimedDelay: Sendable, Equatable {
  let event: DelayedEvent
  /// Who has a higher one has taken it since.
  let claim: Int64
}

/// How runners share out the delayed events that are due. A room is one runner's as long as it
/// holds any of the room's events, so that they are sent in the order of their times.
///
/// What a runner holds is its own while it renews its lease. That is for the others to know when
/// to go on without it: what keeps a runner from sending what it has lost are the claims' numbers.
struct ClaimStore: Sendable {
  /// The runner's name: of all runners only one has it.
  let holder: String
  let database: any Querying

  struct Claim: Sendable {
    /// In the order of their times.
    let taken: [ClaimedDelay]
    /// When the next one is due of those that are not due yet; milliseconds since the epoch.
    let nextDue: Int64?
    /// Milliseconds until the first of those that others hold may be anybody's.
    var nextFree: Int64?
    /// Somebody was about to change events that could have been taken.
    var isHeldBack = false
  }

  /// - Parameters:
  ///   - own: the events that it has and knows of. What it was given without hearing of it is not
  ///     among them, and is given to it again.
  ///   - lease: milliseconds.
  func claim(
    _ limit: Int, besides own: [ClaimedDelay], lease: Int64, now: Int64
  ) async throws -> Claim {
    let rows = try await database.queryAll([
      Query(Self.enter), renewal(lease),
      Query(
        Self.claim,
        [
          .int(now), .text(holder), .int(Int64(limit)), .ints(own.map(\.event.number)),
          .ints(own.map(\.claim)), .int(Self.longestRest),
        ]),
      Query(Self.next, [.int(now), .text(holder), .int(Self.longestRest)]),
    ])
    let (found, next) = (rows[2], rows[3])
    let taken = (0..<found.count).compactMap { row -> ClaimedDelay? in
      guard let event = DelayedEventRow.decode(found, row),
        let claim = found.int(row, DelayedEventRow.width)
      else { return nil }
      return ClaimedDelay(event: event, claim: claim)
    }
    let candidates = found.int(0, DelayedEventRow.width + 1) ?? 0
    return Claim(
      taken: taken.sorted { ($0.event.due, $0.event.number) < ($1.event.due, $1.event.number) },
      nextDue: next.int(0, 0), nextFree: [next.int(0, 1), next.int(0, 2)].compactMap(\.self).min(),
      isHeldBack: candidates > taken.count)
  }

  /// - Parameter lease: milliseconds.
  func renew(_ lease: Int64) async throws {
    _ = try await database.queryAll([.relaxedCommit, renewal(lease)])
  }

  /// Leaves events to whoever comes first.
  /// - Parameter rest: milliseconds for which nobody touches their rooms before.
  func release(_ delays: [ClaimedDelay], rest: Int64) async throws {
    _ = try await database.query(
      Self.release,
      [
        .texts(delays.map(\.event.delayID)), .ints(delays.map(\.claim)),
        .int(min(rest, Self.longestRest)),
      ])
  }

  /// Leaves all that it has to the others.
  func leave() async throws {
    _ = try await database.queryAll([
      Query(Self.releaseAll, [.text(holder)]), Query(Self.forget, [.text(holder)]),
    ])
  }

  private func renewal(_ lease: Int64) -> Query {
    Query(Self.renew, [.text(holder), .int(lease)])
  }
}
