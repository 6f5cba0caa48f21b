/// A user of some homeserver.
///
/// spec: appendices#user-identifiers
package struct UserID: MatrixIdentifier {
  package let text: String
  private let colon: UInt8

  /// Accepts what servers must accept from others: any localpart without colon and NUL, empty too.
  ///
  /// spec: appendices#historical-user-ids
  package init?(_ text: String) {
    guard let colon = colonBeforeServer(in: text, sigil: Sigil.user) else { return nil }
    self.text = text
    self.colon = colon
  }

  /// A user of our own making, by the present grammar.
  package init(localpart: String, server: ServerName) throws(IdentifierError) {
    guard Self.isValidNewLocalpart(localpart) else { throw .invalidLocalpart }
    guard let made = Self("@\(localpart):\(server.text)") else { throw .tooLong }
    self = made
  }

  package var localpart: String {
    String(text.between(byte: 1, and: Int(colon)))
  }

  package var serverName: ServerName {
    ServerName(checked: String(text.from(byte: Int(colon) + 1)))
  }

  /// True when the user belongs to that server; makes no string.
  package func isOn(_ server: ServerName) -> Bool {
    text.utf8.dropFirst(Int(colon) + 1).elementsEqual(server.text.utf8)
  }

  /// True when both users belong to one server; makes no string.
  package func sharesServer(with other: UserID) -> Bool {
    text.utf8.dropFirst(Int(colon) + 1)
      .elementsEqual(other.text.utf8.dropFirst(Int(other.colon) + 1))
  }

  package static func isValidNewLocalpart(_ localpart: String) -> Bool {
    !localpart.isEmpty
      && localpart.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
          UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "="), UInt8(ascii: "-"),
          UInt8(ascii: "/"), UInt8(ascii: "+"):
          true
        default: false
        }
      }
  }
}
