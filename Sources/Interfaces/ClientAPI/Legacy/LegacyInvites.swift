import Executors
import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import Rooms

/// Invitations as whole events: /sync tells only what is shown of them.
struct LegacyInvites: Sendable {
  private let memberships: MembershipStore
  private let events: EventStore
  private let clock: any WallClock

  init(memberships: MembershipStore, events: EventStore, clock: any WallClock) {
    self.memberships = memberships
    self.events = events
    self.clock = clock
  }

  /// The invitations that an answer of /sync tells of, by room.
  func events(
    in answer: JSONView, for user: UserID
  ) async throws -> [(room: String, event: JSONView)] {
    let told = answer.rooms("invite")
    guard !told.isEmpty else { return [] }
    let rooms = Set(told.map(\.key))
    let ids = try await memberships.rooms(of: user, memberships: ["invite"])
      .filter { rooms.contains($0.roomID.text) }.map(\.eventID)
    var whole: [String: JSONView] = [:]
    for stored in try await events.events(ids) {
      let bytes = ClientEvent.bytes(stored, reader: nil, now: clock.now())
      whole[stored.event.roomID.text] = try JSONDocument(bytes).root
    }
    return told.compactMap { room, invitation in
      let shown = invitation.events("invite_state").first { event in
        event["type"]?.string == "m.room.member" && event["state_key"]?.string == user.text
      }
      return (whole[room] ?? shown).map { (room, $0) }
    }
  }
}
