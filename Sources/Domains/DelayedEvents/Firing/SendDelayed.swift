import Accounts
import Executors
import MatrixIdentifiers
import MatrixJSON
package import Rooms

/// Has delayed events written by their room's owner.
package struct SendDelayed: Sendable {
  private let persister: any EventPersister
  private let send: SendEvent

  package init(persister: any EventPersister, send: SendEvent) {
    self.persister = persister
    self.send = send
  }

  /// - Parameter claim: see `DelayedSend.claim`.
  /// - Throws: `RoomError`, or what the database throws.
  func intent(_ event: DelayedEvent, claim: Int64?) async throws -> EventIntent {
    let content: JSONView
    do {
      content = try JSONDocument(event.content).root
    } catch {
      throw RoomError.badContent("the content is no JSON")
    }
    var intent = try await send.intent(
      in: event.roomID, type: event.type, stateKey: event.stateKey, content: content,
      sender: event.userID)
    intent.delayed = DelayedSend(id: event.delayID, claim: claim)
    return intent
  }

  /// Writes all or none.
  func persist(
    _ intents: [EventIntent], in room: RoomID
  ) async throws(PersistError) -> [EventID] {
    let events = try await persister.persist(PersistRequest(roomID: room, intents: intents))
    guard events.count == intents.count else {
      throw .unavailable(reason: "the room's writer gave another number of answers")
    }
    return events.map(\.eventID)
  }
}
