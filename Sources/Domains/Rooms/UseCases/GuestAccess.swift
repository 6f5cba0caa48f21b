package import Accounts
package import MatrixIdentifiers
import MatrixJSON
import RoomEvents

/// Whether a room lets guests in. Only their own server knows who is one, so it is no rule of the
/// room but a check of this server.
/// spec: client-server-api#mroomguest_access
package struct GuestAccess: Sendable {
  private let states: StateStore

  package init(states: StateStore) {
    self.states = states
  }

  /// - Throws: `AccountError.guestRefused`.
  package func checkJoin(_ room: RoomID, by requester: Requester) async throws {
    guard requester.isGuest else { return }
    let stored = try await states.current(room, StateTuple(EventType.guestAccess, ""))
    guard stored.map({ Self.isOpen($0.event.content) }) ?? false else {
      throw AccountError.guestRefused
    }
  }

  private static func isOpen(_ content: JSONView) -> Bool {
    content["guest_access"]?.string == "can_join"
  }

  /// Whether this says that guests may not be in the room.
  static func isClosing(_ intent: EventIntent) -> Bool {
    guard intent.type == EventType.guestAccess, intent.stateKey == "",
      let content = try? JSONDocument(intent.content).root
    else { return false }
    return !isOpen(content)
  }
}
