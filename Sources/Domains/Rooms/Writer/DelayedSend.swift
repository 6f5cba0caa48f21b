package import MatrixIdentifiers
package import Postgres
import RoomEvents

/// The delayed event that an intent carries out. It is finished in the transaction that writes the
/// event, so that however often it is tried the event comes about once.
package struct DelayedSend: Sendable, Hashable {
  package let id: String
  /// Under which number it was taken, when it is sent because its time has come; nil when its user
  /// does not want to wait.
  package let claim: Int64?

  package init(id: String, claim: Int64?) {
    self.id = id
    self.claim = claim
  }
}

/// How a delayed event stands, as the room's owner finds it.
package struct DelayedStanding: Sendable, Equatable {
  package enum Outcome: Sendable, Equatable {
    case scheduled
    case sent(EventID)
    /// Cancelled, or failed.
    case dropped
  }

  package let sender: UserID
  /// Under which number it was taken, or left, last; nil when that was not since it was scheduled
  /// or restarted.
  package let claim: Int64?
  /// Milliseconds since the epoch.
  package let due: Int64
  package var outcome: Outcome

  package init(sender: UserID, claim: Int64?, due: Int64, outcome: Outcome) {
    self.sender = sender
    self.claim = claim
    self.due = due
    self.outcome = outcome
  }
}

/// Where delayed events are kept. Declared here and bound by the runtime, as their domain is above
/// rooms: what a room's owner writes must finish them in the same transaction.
package protocol DelayedSendLedger: Sendable {
  /// Reads delayed events and keeps everybody else from changing them until the transaction ends.
  func lock(_ ids: [String]) -> Query
  /// - Parameter rows: of `lock`.
  func standings(_ rows: Rows) -> [String: DelayedStanding]
  /// - Parameter now: milliseconds since the epoch.
  func finish(_ sent: [(id: String, event: EventID)], now: Int64) -> Query
}

/// The delayed events that one batch carries out.
struct DelayedDraft {
  private var standings: [String: DelayedStanding]
  private(set) var sent: [(id: String, event: EventID)] = []

  init(_ standings: [String: DelayedStanding] = [:]) {
    self.standings = standings
  }

  /// The events that the intents have become before; nil when they are to be written now.
  /// - Throws: `withdrawn` when one of them is not to be sent, `takenOver` when not by whoever
  ///   asks, `unavailable` when not yet.
  func alreadySent(
    _ intents: [EventIntent], now: Int64
  ) throws(PersistError) -> [EventID]? {
    var events: [EventID] = []
    for intent in intents {
      guard let delayed = intent.delayed else { continue }
      if let event = try check(delayed, of: intent.sender, now: now) { events.append(event) }
    }
    guard !events.isEmpty else { return nil }
    guard events.count == intents.count else {
      throw .withdrawn(reason: "a part of the request has been sent")
    }
    return events
  }

  private func check(
    _ delayed: DelayedSend, of sender: UserID, now: Int64
  ) throws(PersistError) -> EventID? {
    guard let standing = standings[delayed.id], standing.sender == sender else {
      throw .withdrawn(reason: "there is no such delayed event")
    }
    switch standing.outcome {
    case .sent(let event): return event
    case .dropped: throw .withdrawn(reason: "the delayed event will not be sent any more")
    case .scheduled: break
    }
    guard let claim = delayed.claim else { return nil }
    guard let current = standing.claim else {
      throw .withdrawn(reason: "the delayed event was restarted")
    }
    // Who has lost one event of a room must not go on with the next ones. A lease that has ended
    // says nothing as long as nobody else has taken the event.
    guard claim == current else {
      throw .takenOver(reason: "the delayed event was left to somebody else")
    }
    // The clock of whoever asks is ahead of this one.
    guard standing.due <= now else { throw .unavailable(reason: "the delayed event is not due") }
    return nil
  }

  /// Notes what the intents have become, also where nothing had to be written for it.
  mutating func note(_ intents: [EventIntent], _ outcomes: [IntentOutcome]) {
    for (intent, outcome) in zip(intents, outcomes) {
      guard let id = intent.delayed?.id else { continue }
      let event =
        switch outcome {
        case .write(let planned): planned.event.eventID
        case .unchanged(let existing): existing
        }
      guard standings[id]?.outcome == .scheduled else { continue }
      standings[id]?.outcome = .sent(event)
      sent.append((id, event))
    }
  }
}
