import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import Rooms

extension StoredEvent {
  /// The state event that this one took the place of.
  var replacedEventID: EventID? {
    guard event.stateKey != nil else { return nil }
    return unsignedMembers?["replaces_state"]?.string.flatMap { EventID($0) }
  }

  /// For a member event: the membership that it changed; "none" when there was none before.
  var previousMembership: String {
    unsignedMembers?["prev_content"]?["membership"]?.string ?? "none"
  }

  private var unsignedMembers: JSONView? {
    guard !unsigned.isEmpty else { return nil }
    let text = [UInt8(ascii: "{")] + unsigned + [UInt8(ascii: "}")]
    return try? JSONDocument(text).root
  }
}
