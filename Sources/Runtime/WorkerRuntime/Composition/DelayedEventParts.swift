import AdminAPI
import ClientAPI
import DelayedEvents
import Ephemera
import HTTPServing
import Logging
import MatrixJSON
import Rooms
import ServerConfig
import Streams

/// Delayed events in one process: those that serve clients take them, those with the duty of
/// background tasks send them.
struct DelayedEventParts {
  let dependencies: DelayedEventRoutesDependencies
  private let runner: DelayedEventRunner?

  init(_ platform: Platform, _ streams: EventStreams) {
    let (database, clock) = (platform.database, platform.clock)
    let limits = DelayedEventLimits(platform.config.delayedEvents)
    let hints = DelayedEventHints(feed: streams.invalidations)
    let store = DelayedEventStore(database: database)
    let sender = SendDelayed(
      persister: streams.persister,
      send: SendEvent(
        persister: streams.persister, aliases: AliasStore(database: database),
        states: StateStore(database: database),
        invitations: InviteBlocks(database: database)))
    dependencies = DelayedEventRoutesDependencies(
      schedule: ScheduleDelayedEvent(
        limits: limits, store: store, memberships: MembershipStore(database: database),
        hints: hints, clock: clock),
      manage: ManageDelayedEvents(
        store: store, sender: sender, hints: hints, clock: clock),
      read: ReadDelayedEvents(database: database))
    guard platform.config.duties.contains(.backgroundTasks) else {
      runner = nil
      return
    }
    let logger = Logger(label: "apus.delayed_events")
    runner = DelayedEventRunner(
      name: platform.config.identity.instanceName,
      batch: DelayedBatch(
        sender: sender, database: database, describe: Self.describe, clock: clock,
        logger: logger),
      hints: hints, database: database, clock: clock, logger: logger)
  }

  func routes(_ accounts: AccountsParts) -> [Route] {
    delayedEventRoutes(dependencies, accounts.authenticated)
      + delayedEventAdminRoutes(dependencies.read, accounts.authenticator)
  }

  /// Runs until cancelled.
  func run() async {
    await runner?.run()
  }

  /// What a client would have been answered.
  private static func describe(_ error: any Error) -> [UInt8] {
    let known = error as? any MatrixErrorConvertible
    return JSON.object((known?.matrixError ?? .internalError).members).bytes
  }
}

extension DelayedEventLimits {
  init(_ section: DelayedEventsSection) {
    self.init(
      longestDelay: section.longestDelay.map { $0.milliseconds },
      perUser: Int64(section.perUser), keptPerUser: Int64(section.keptPerUser),
      keptFor: section.keptFor.milliseconds)
  }
}

extension Duration {
  fileprivate var milliseconds: Int64 {
    components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
  }
}
