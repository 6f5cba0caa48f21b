package import MatrixIdentifiers
package import Postgres

/// What is kept about an account outside of this domain. Bound by the runtime.
package protocol AccountObserver: Sendable {
  /// Called in the transaction that deactivates the account, which is locked until it ends.
  /// - Parameter erase: the user wants as little as possible of them to remain.
  func accountDeactivated(
    _ user: UserID, erase: Bool, in transaction: any Querying
  ) async throws
}

/// Takes users who are gone out of their rooms. Bound by the runtime, as rooms are above accounts.
package protocol RoomDepartures: Sendable {
  /// Leaves the user's rooms, and declines what they are invited to. It may be begun again after
  /// it was cut off.
  /// - Throws: when it has to be tried again later.
  func leaveAllRooms(_ user: UserID) async throws
}
