import MatrixCrypto
import MatrixIdentifiers

/// Tokens of Synapse's shape, `syt_<localpart>_<random>_<checksum>`: secret scanners know it, and
/// a mistyped token is refused without asking the database.
package enum AccessToken {
  /// What a token is good for, as its beginning tells.
  enum Kind: String {
    case access = "syt_"
    case refresh = "syr_"
    case login = "syl_"
  }

  /// 52 letters to the 20th are 114 bits of randomness.
  private static let randomLetters = 20
  private static let checksumLength = 6
  /// Bytes; no token of ours is longer, as a user id has at most 255.
  private static let lengthLimit = 512

  static func make(_ kind: Kind, for user: UserID) -> String {
    let owner = UnpaddedBase64.encode(Array(user.localpart.utf8))
    let base = "\(kind.rawValue)\(owner)_\(SecureRandom.string(randomLetters, .letters))"
    return "\(base)_\(checksum(of: base))"
  }

  /// What is stored in place of a token.
  package static func hash(_ token: String) -> [UInt8] {
    SHA256.hash(Array(token.utf8))
  }

  /// False for what cannot be a token that this server has made.
  static func isPlausible(_ token: String, _ kind: Kind = .access) -> Bool {
    guard token.utf8.count <= lengthLimit else { return false }
    guard token.hasPrefix(kind.rawValue) else { return kind == .access }
    guard let end = token.lastIndex(of: "_") else { return false }
    return token[token.index(after: end)...] == checksum(of: String(token[..<end]))
  }

  private static func checksum(of text: String) -> String {
    Base62.encode(UInt64(CRC32.checksum(text.utf8)), minimumDigits: checksumLength)
  }
}
