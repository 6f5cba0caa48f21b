package import Logging
package import Streams

/// Sees to it that changes of devices are told even when the process that made them ended first.
package struct PendingChanges: Sendable {
  private static let interval = Duration.seconds(5)
  /// Users of one look.
  private static let batchLimit = 100

  private let store: PendingChangeStore
  private let owner: any StreamOwner
  private let logger: Logger

  package init(store: PendingChangeStore, owner: any StreamOwner, logger: Logger) {
    self.store = store
    self.owner = owner
    self.logger = logger
  }

  /// Looks around until the task is cancelled.
  package func run() async {
    while !Task.isCancelled {
      do {
        while try await tell() {}
      } catch {
        logger.warning("changes of devices wait", metadata: ["error": "\(error)"])
      }
      try? await Task.sleep(for: Self.interval)
    }
  }

  /// Tells what is waiting; true when there may be more.
  func tell() async throws -> Bool {
    let users = try await store.users(limit: Self.batchLimit)
    for user in users { try await DeviceKeysObserver.note([], of: user, by: owner) }
    return users.count == Self.batchLimit
  }
}
