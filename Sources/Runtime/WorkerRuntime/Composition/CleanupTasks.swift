import Accounts
import DelayedEvents
import DeviceMessages
import Executors
import Postgres
import PushRules
import Rooms
import ServerConfig
import Streams
import TaskScheduler

/// What the fleet clears away from time to time: tasks that recur, in small transactions.
enum CleanupTasks {
  private static let hour = Duration.seconds(3600)

  static func register(_ platform: Platform, in registry: TaskRegistry) {
    let clock = platform.clock
    let finished = RemoveFinishedTasks()
    registry.register(RemoveFinishedTasks.action) { try await finished($0) }
    register("remove_expired_sessions", every: hour, in: registry) {
      try await AccountCleanup.removeBriefRows(now: clock.now(), limit: $0, on: $1)
    }
    register("remove_ended_tokens", every: hour * 24, in: registry) {
      try await AccountCleanup.removeEndedTokens(now: clock.now(), limit: $0, on: $1)
    }
    register("remove_old_transactions", every: hour, in: registry) {
      try await TransactionCleanup.remove(now: clock.now(), limit: $0, on: $1)
    }
    register("remove_old_device_message_transactions", every: hour, in: registry) {
      try await DeviceMessageCleanup.forgetTransactions(limit: $0, on: $1)
    }
    registry.register(RemoveOrphanedMessages.action) { try await RemoveOrphanedMessages.run($0) }
    let limits = DelayedEventLimits(platform.config.delayedEvents)
    // More at a time, as it takes a look at all to find what is too much for a user.
    register("remove_finalised_delayed_events", every: hour, batch: 1000, in: registry) {
      try await FinalisedDelays.remove(beyond: limits, now: clock.now(), limit: $0, on: $1)
    }
    let rotation = RotatePushActions(cleanup: PushHousekeeping.cleanup(platform))
    registry.register(RotatePushActions.action) { try await rotation($0) }
    let locks = WorkerLocks(database: platform.database)
    let room = CleanRoomState(locks: locks)
    registry.register(CleanRoomState.action) { try await room($0) }
    let states = RemoveUnreferencedState(
      cleaner: StateCleaner(database: platform.database), locks: locks)
    registry.register(RemoveUnreferencedState.action) { try await states($0) }
  }

  /// - Parameters:
  ///   - batch: rows of one transaction.
  ///   - remove: removes one batch and tells how many rows it was.
  private static func register(
    _ name: String, every period: Duration, batch: Int64 = 200, in registry: TaskRegistry,
    _ remove: @escaping @Sendable (_ limit: Int64, Transaction) async throws -> Int
  ) {
    let action = TaskAction<NoPayload, RemovedCount>(name, limit: 1, every: period)
    registry.register(action) { run in
      try await run.removeInBatches(of: batch) { try await remove(batch, $0) }
    }
  }
}
