import MatrixIdentifiers
import MatrixJSON
import RoomEvents

/// Closes a room to guests. Those who are in it leave with the event that closes it, or right
/// after it where they are many.
/// spec: client-server-api#guest-access
struct GuestDepartures: Sendable {
  /// Guests of one request to the room's owner.
  private static let batchLimit = 100
  /// Requests for one room; guests who come and go all the time are not followed for ever.
  private static let requestLimit = 1_000
  private static let content = JSON.object(["membership": .string(Membership.leave)]).bytes

  let persister: any EventPersister
  let guests: GuestStore

  /// - Throws: `RoomError`.
  func persist(_ closing: EventIntent, in room: RoomID) async throws -> EventID {
    var event: EventID?
    for _ in 0..<Self.requestLimit {
      let leaving = try await guests.guests(in: room, limit: Self.batchLimit).map { guest in
        EventIntent(
          type: EventType.member, stateKey: guest.text, sender: guest, content: Self.content,
          requiredMemberships: [Membership.join])
      }
      if let event, leaving.isEmpty { return event }
      let intents = (event == nil ? [closing] : []) + leaving
      do {
        let events = try await persister.persist(PersistRequest(roomID: room, intents: intents))
        event = event ?? events.first?.eventID
      } catch PersistError.wrongMembership {
        // A guest has left meanwhile.
        continue
      } catch {
        throw error == .unknownRoom ? RoomError.notInRoom : RoomError(error)
      }
    }
    throw RoomError.unavailable("guests come and go too fast")
  }
}
