package import Accounts
package import Executors
import MatrixIdentifiers
import Rooms

/// What a user does with an event that waits for its time, or did.
package struct ManageDelayedEvents: Sendable {
  private let store: DelayedEventStore
  private let sender: SendDelayed
  private let hints: DelayedEventHints
  private let clock: any WallClock
  private let metrics = DelayedEventMetrics()

  package init(
    store: DelayedEventStore, sender: SendDelayed, hints: DelayedEventHints,
    clock: any WallClock
  ) {
    self.store = store
    self.sender = sender
    self.hints = hints
    self.clock = clock
  }

  /// The same again is as good as once.
  /// - Throws: `DelayedEventError.unknown`, `.conflict`; for `send` whatever keeps the event from
  ///   being sent, which leaves it scheduled.
  package func callAsFunction(
    _ action: DelayedEventAction, _ delayID: String, by requester: Requester
  ) async throws {
    guard !delayID.utf8.contains(0) else { throw DelayedEventError.unknown }
    let user = requester.userID
    switch action {
    case .send: try await send(delayID, of: user)
    case .cancel:
      if try await store.cancel(delayID, of: user, now: clock.now()) { return }
      try await settle(delayID, of: user, action)
    case .restart:
      let now = clock.now()
      guard let delay = try await store.restart(delayID, of: user, now: now) else {
        return try await settle(delayID, of: user, action)
      }
      hints.scheduled(due: now + delay, delay: delay)
    }
  }

  /// It counted as a message when it was scheduled.
  private func send(_ delayID: String, of user: UserID) async throws {
    guard let event = try await store.find(delayID, of: user) else {
      throw DelayedEventError.unknown
    }
    guard event.end == nil else { return try Self.check(.send, event) }
    let intent = try await sender.intent(event, claim: nil)
    do {
      _ = try await sender.persist([intent], in: event.roomID)
      metrics.noteSentByHand()
    } catch .withdrawn {
      try await settle(delayID, of: user, .send)
    } catch .unknownRoom {
      throw RoomError.notInRoom
    } catch {
      throw RoomError(error)
    }
  }

  /// Whether an event that has ended has ended as wanted.
  private func settle(
    _ delayID: String, of user: UserID, _ action: DelayedEventAction
  ) async throws {
    guard let event = try await store.find(delayID, of: user) else {
      throw DelayedEventError.unknown
    }
    try Self.check(action, event)
  }

  private static func check(_ action: DelayedEventAction, _ event: DelayedEvent) throws {
    switch (action, event.end?.outcome) {
    case (.send, .sent), (.cancel, .cancelled), (.cancel, .failed): return
    default: throw DelayedEventError.conflict
    }
  }
}
