package import Accounts
package import MatrixIdentifiers
import MatrixJSON
import RoomEvents

/// Whether a room lets guests in. Only their own server knows who is one, so it is no rule of the
/// room but a check of this server.
/// spec: client-server-api#mroomguest_access
package struct GuestAccess: Sendable {
  private static let eventType = "m.room.guest_access"

  private let states: StateStore

  package init(states: StateStore) {
    self.states = states
  }

  /// - Throws: `AccountError.guestRefused`.
  package func checkJoin(_ room: RoomID, by requester: Requester) async throws {
    guard requester.isGuest else { return }
    let stored = try await states.current(room, StateTuple(Self.eventType, ""))
    guard stored?.event.content["guest_access"]?.string == "can_join" else {
      throw AccountError.guestRefused
    }
  }
}
