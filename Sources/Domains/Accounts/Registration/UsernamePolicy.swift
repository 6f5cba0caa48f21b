import MatrixCrypto
package import MatrixIdentifiers

/// Which names new accounts may have.
package enum UsernamePolicy {
  private static let generatedLength = 12
  private static let generatedAlphabet = SecureRandom.Alphabet("abcdefghijklmnopqrstuvwxyz")

  /// The user id for the name that somebody wants; upper case becomes lower case.
  /// spec: appendices#user-identifiers
  package static func userID(
    wanted name: String, server: ServerName
  ) throws(AccountError) -> UserID {
    let localpart = asciiLowercased(name)
    guard !localpart.isEmpty else { throw .invalidUsername(.empty) }
    guard UserID.isValidNewLocalpart(localpart) else {
      throw .invalidUsername(.forbiddenCharacters)
    }
    guard !localpart.hasPrefix("_") else { throw .invalidUsername(.leadingUnderscore) }
    guard !localpart.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
      throw .invalidUsername(.numeric)
    }
    return try make(localpart, server)
  }

  /// A name for somebody who did not choose one; 56 bits make a clash unlikely.
  static func generated(server: ServerName) throws(AccountError) -> UserID {
    try make(SecureRandom.string(generatedLength, generatedAlphabet), server)
  }

  static func guest(number: Int64, server: ServerName) throws(AccountError) -> UserID {
    try make(String(number), server)
  }

  /// Only A to Z: other letters that Unicode maps into a to z stay what they are, and are refused.
  static func asciiLowercased(_ text: String) -> String {
    String(decoding: text.utf8.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }, as: UTF8.self)
  }

  private static func make(
    _ localpart: String, _ server: ServerName
  ) throws(AccountError) -> UserID {
    do {
      return try UserID(localpart: localpart, server: server)
    } catch {
      throw .invalidUsername(.tooLong)
    }
  }
}
