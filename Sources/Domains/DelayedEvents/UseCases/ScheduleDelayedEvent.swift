package import Accounts
package import Executors
import MatrixCrypto
package import MatrixIdentifiers
package import MatrixJSON
package import Rooms

/// Takes an event that is to be sent later.
package struct ScheduleDelayedEvent: Sendable {
  private static let idLetters = 24
  /// Bytes, of an event's type and state key.
  private static let keyLimit = 255
  /// Bytes; with the other parts of its key a transaction id must fit into one index entry.
  private static let transactionIDLimit = 1_024
  /// Bytes: no event may be larger.
  private static let contentLimit = 65_536
  /// The memberships of users who may have something to send to a room one day.
  private static let memberships: Set<String> = ["join", "invite", "knock"]

  package struct Wish: Sendable {
    package var roomID: RoomID
    package var type: String
    package var stateKey: String?
    package var content: JSONView
    /// Milliseconds.
    package var delay: Int64
    package var transactionID: String?

    package init(
      roomID: RoomID, type: String, stateKey: String?, content: JSONView, delay: Int64,
      transactionID: String?
    ) {
      self.roomID = roomID
      self.type = type
      self.stateKey = stateKey
      self.content = content
      self.delay = delay
      self.transactionID = transactionID
    }
  }

  private let limits: DelayedEventLimits
  private let store: DelayedEventStore
  private let memberships: MembershipStore
  private let hints: DelayedEventHints
  private let clock: any WallClock

  package init(
    limits: DelayedEventLimits, store: DelayedEventStore, memberships: MembershipStore,
    hints: DelayedEventHints, clock: any WallClock
  ) {
    self.limits = limits
    self.store = store
    self.memberships = memberships
    self.hints = hints
    self.clock = clock
  }

  /// Whether the user may send it is found out when its time has come.
  /// - Returns: its delay id; that of the earlier request when this one repeats it.
  /// - Throws: `DelayedEventError`, `RoomError`.
  package func callAsFunction(_ wish: Wish, by requester: Requester) async throws -> String {
    let content = try check(wish)
    let membership = try await memberships.membership(of: requester.userID, in: wish.roomID)
    guard let membership, Self.memberships.contains(membership.membership) else {
      throw RoomError.notInRoom
    }
    let now = clock.now()
    let draft = DelayedEventStore.Draft(
      delayID: SecureRandom.string(Self.idLetters), userID: requester.userID,
      deviceID: requester.deviceID ?? "", transactionID: wish.transactionID,
      roomID: wish.roomID, type: wish.type, stateKey: wish.stateKey, content: content,
      delay: wish.delay, since: now)
    switch try await store.schedule(draft, limit: limits.perUser) {
    case .done(let delayID, let isNew):
      if isNew { hints.scheduled(due: now + wish.delay, delay: wish.delay) }
      return delayID
    case .full(let next):
      throw DelayedEventError.tooMany(retryAfter: max(1, (next ?? now) - now))
    }
  }

  /// - Returns: the content to be kept.
  private func check(_ wish: Wish) throws -> [UInt8] {
    guard limits.isEnabled, let longest = limits.longestDelay else {
      throw DelayedEventError.disabled
    }
    guard wish.delay > 0 else { throw DelayedEventError.badDelay }
    guard wish.delay <= longest else { throw DelayedEventError.delayTooLong(limit: longest) }
    try Self.check(wish.type, "the event type", limit: Self.keyLimit)
    try Self.check(wish.stateKey ?? "", "state_key", limit: Self.keyLimit)
    try Self.check(wish.transactionID ?? "", "the transaction id", limit: Self.transactionIDLimit)
    let content = try SendEvent.canonical(wish.content)
    guard content.count <= Self.contentLimit else { throw RoomError.tooLarge }
    return content
  }

  private static func check(_ text: String, _ field: String, limit: Int) throws {
    guard text.utf8.count <= limit, !text.utf8.contains(0) else {
      throw DelayedEventError.unusable(field: field)
    }
  }
}
