import Accounts
import MatrixIdentifiers
import Postgres
import Synchronization

/// The limits of rates at the time of sending: who has scheduled much for one moment is held back
/// then. An event counts once, however often its room has to be asked.
final class DelayedAdmission: Sendable {
  /// Events that are remembered; those that are forgotten count again.
  private static let memoryLimit = 4_096

  private let limiter: RateLimiter
  private let database: Database
  private let admitted = Mutex<Set<String>>([])

  init(limiter: RateLimiter, database: Database) {
    self.limiter = limiter
    self.database = database
  }

  /// - Returns: for each event why it may not be sent; nil where it may.
  func check(_ events: [DelayedEvent]) async throws -> [AccountError?] {
    guard limiter.limits(.message) else { return events.map { _ in nil } }
    let overrides = try await RateLimitOverrides.all(
      of: Array(Set(events.map(\.userID))), on: database)
    var verdicts: [AccountError?] = []
    for event in events {
      verdicts.append(await verdict(on: event, overrides[event.userID]))
    }
    return verdicts
  }

  func forget(_ event: DelayedEvent) {
    admitted.withLock { _ = $0.remove(event.delayID) }
  }

  private func verdict(
    on event: DelayedEvent, _ override: RateLimitOverride?
  ) async -> AccountError? {
    guard !admitted.withLock({ $0.contains(event.delayID) }) else { return nil }
    let requester = Requester(
      userID: event.userID, deviceID: nil, tokenHash: [], rateLimitOverride: override)
    do throws(AccountError) {
      try await limiter.check(.message, of: requester)
    } catch {
      return error
    }
    admitted.withLock { admitted in
      if admitted.count >= Self.memoryLimit { admitted.removeAll() }
      admitted.insert(event.delayID)
    }
    return nil
  }
}
