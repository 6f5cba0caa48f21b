/// A room. Up to room version 11 it ends with the server that made it; from 12 on it is the hash
/// of the create event and has no domain.
///
/// spec: appendices#room-ids
package struct RoomID: MatrixIdentifier {
  package let text: String
  private let colon: UInt8?

  package init?(_ text: String) {
    guard let scanned = scanIdentifier(text, sigil: Sigil.room) else { return nil }
    if let colon = scanned {
      guard ServerName.hostLength(of: text, from: colon + 1) != nil else { return nil }
    } else {
      let isHash = text.withBytes { $0.count > 1 && $0.dropFirst().allSatisfy(isURLSafeBase64) }
      guard isHash else { return nil }
    }
    self.text = text
    self.colon = scanned.map { UInt8($0) }
  }

  package init(localpart: String, server: ServerName) throws(IdentifierError) {
    guard !localpart.isEmpty, !localpart.utf8.contains(Sigil.colon),
      !localpart.utf8.contains(0)
    else { throw .invalidLocalpart }
    guard let made = Self("!\(localpart):\(server.text)") else { throw .tooLong }
    self = made
  }

  /// The id of the room that this create event starts, in versions whose ids are hashes.
  ///
  /// Nil when the event id is not a hash in URL-safe base64.
  package init?(createEvent: EventID) {
    self.init("!" + createEvent.text.dropFirst())
  }

  /// Nil for ids that are a hash. It says who named the room, not who is in it.
  package var serverName: ServerName? {
    colon.map { ServerName(checked: String(text.from(byte: Int($0) + 1))) }
  }

  /// The id of the create event, when the room id is its hash.
  package var createEventID: EventID? {
    colon == nil ? EventID("$" + text.dropFirst()) : nil
  }
}

private func isURLSafeBase64(_ byte: UInt8) -> Bool {
  switch byte {
  case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
    UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"), UInt8(ascii: "_"):
    true
  default: false
  }
}
