import Accounts
import Logging
package import MatrixIdentifiers

/// Takes a user who is gone for good out of their rooms.
/// spec: client-server-api#account-deactivation
package struct LeaveAllRooms: RoomDepartures {
  private let membership: ChangeMembership
  private let memberships: MembershipStore
  private let logger: Logger

  package init(membership: ChangeMembership, memberships: MembershipStore) {
    self.membership = membership
    self.memberships = memberships
    logger = Logger(label: "apus.rooms")
  }

  /// A room that refuses is passed over: asking again would change nothing.
  /// - Throws: when a room could not be asked; the others have been left by then.
  package func leaveAllRooms(_ user: UserID) async throws {
    let rooms = try await memberships.rooms(of: user, memberships: ["join", "invite", "knock"])
    var failure: RoomError?
    for room in rooms.map(\.roomID) {
      do {
        try await membership.leave(room, user: user, reason: nil)
      } catch let error as RoomError {
        if case .unavailable = error { failure = error }
        logger.info(
          "a deactivated user did not leave a room",
          metadata: ["room": "\(room)", "error": "\(error)"])
      }
    }
    if let failure { throw failure }
  }
}
