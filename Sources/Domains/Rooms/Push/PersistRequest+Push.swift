import MatrixIdentifiers
import PushRules
import RoomEvents

extension PersistRequest {
  /// What evaluating the request's events takes.
  /// - Parameter isKnown: whether the room exists already.
  func pushNeeds(isKnown: Bool) -> [PushNeeds] {
    intents.map { intent in
      PushNeeds(
        room: roomID, isNew: creation != nil && !isKnown, sender: intent.sender,
        target: intent.type == EventType.member ? intent.stateKey.flatMap { UserID($0) } : nil,
        relation: intent.stateKey == nil ? EventRelation(canonical: intent.content) : nil)
    }
  }
}
