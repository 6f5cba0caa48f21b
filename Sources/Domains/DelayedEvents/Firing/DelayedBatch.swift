package import Executors
package import Logging
import MatrixIdentifiers
package import Postgres
import Rooms

/// What a runner does with events of one room whose time has come.
package struct DelayedBatch: Sendable {
  /// How long the room's owner is waited for before another runner may try. It may still write the
  /// events afterwards; then the next try finds them written.
  private static let patience = Duration.seconds(10)

  private let sender: SendDelayed
  private let database: Database
  private let describe: @Sendable (any Error) -> [UInt8]
  private let clock: any WallClock
  private let logger: Logger
  private let metrics = DelayedEventMetrics()

  /// - Parameter describe: the error that a client would get, as JSON.
  package init(
    sender: SendDelayed, database: Database,
    describe: @escaping @Sendable (any Error) -> [UInt8], clock: any WallClock, logger: Logger
  ) {
    self.sender = sender
    self.database = database
    self.describe = describe
    self.clock = clock
    self.logger = logger
  }

  func callAsFunction(_ delays: [ClaimedDelay]) async -> DelayedEventMachine.Ending {
    do {
      var ready: [(delay: ClaimedDelay, intent: EventIntent)] = []
      for delay in delays {
        if let intent = try await intent(of: delay) { ready.append((delay, intent)) }
      }
      return try await send(ready)
    } catch {
      logger.debug("delayed events have to wait", metadata: ["error": "\(error)"])
      return .unavailable
    }
  }

  private func intent(of delay: ClaimedDelay) async throws -> EventIntent? {
    do {
      return try await sender.intent(delay.event, claim: delay.claim)
    } catch let error as RoomError {
      try await fail(delay, error)
      return nil
    }
  }

  /// All at once; when something about one of them is wrong, one after the other.
  private func send(
    _ ready: [(delay: ClaimedDelay, intent: EventIntent)]
  ) async throws -> DelayedEventMachine.Ending {
    guard let room = ready.first?.delay.event.roomID else { return .settled }
    switch await persist(ready.map(\.intent), in: room) {
    case .success:
      for (delay, _) in ready {
        metrics.noteSent(late: clock.now() - delay.event.due)
      }
      return .settled
    case .failure(.unavailable(let reason)):
      logger.debug("a room cannot be written to", metadata: ["reason": "\(reason)"])
      return .unavailable
    case .failure(.takenOver): return .lost
    case .failure where ready.count > 1:
      for one in ready {
        let ending = try await send([one])
        guard ending == .settled else { return ending }
      }
      return .settled
    case .failure(.withdrawn):
      return .settled
    case .failure(let error):
      let refusal = error == .unknownRoom ? RoomError.notInRoom : RoomError(error)
      if let only = ready.first { try await fail(only.delay, refusal) }
      return .settled
    }
  }

  private func persist(
    _ intents: [EventIntent], in room: RoomID
  ) async -> Result<[EventID], PersistError> {
    await withTaskGroup(of: Result<[EventID], PersistError>.self) { group in
      group.addTask { [sender] in
        do throws(PersistError) {
          return .success(try await sender.persist(intents, in: room))
        } catch {
          return .failure(error)
        }
      }
      group.addTask {
        try? await Task.sleep(for: Self.patience)
        return .failure(.unavailable(reason: "the room's writer takes too long"))
      }
      defer { group.cancelAll() }
      return await group.next() ?? .failure(.unavailable(reason: "nothing was asked"))
    }
  }

  private func fail(_ delay: ClaimedDelay, _ error: any Error) async throws {
    try await FinalisedDelays.fail(delay, describe(error), now: clock.now(), on: database)
    metrics.noteFailed()
  }
}
