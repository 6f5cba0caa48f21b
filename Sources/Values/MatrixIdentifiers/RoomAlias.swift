/// A name for a room that its server can point elsewhere.
///
/// spec: appendices#room-aliases
package struct RoomAlias: MatrixIdentifier {
  package let text: String
  private let colon: UInt8

  package init?(_ text: String) {
    guard let colon = colonBeforeServer(in: text, sigil: Sigil.alias) else { return nil }
    self.text = text
    self.colon = colon
  }

  package init(localpart: String, server: ServerName) throws(IdentifierError) {
    guard !localpart.utf8.contains(Sigil.colon), !localpart.utf8.contains(0)
    else { throw .invalidLocalpart }
    guard let made = Self("#\(localpart):\(server.text)") else { throw .tooLong }
    self = made
  }

  package var localpart: String {
    String(text.between(byte: 1, and: Int(colon)))
  }

  package var serverName: ServerName {
    ServerName(checked: String(text.from(byte: Int(colon) + 1)))
  }
}
