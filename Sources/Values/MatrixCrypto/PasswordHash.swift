import CCrypt
import Glibc

package enum PasswordHashError: Error, Sendable, Equatable {
  /// A password with a NUL byte would be cut there.
  case containsNUL
  /// Outside `PasswordHash.roundsRange`.
  case invalidRounds
  case unavailable
}

/// bcrypt, through libcrypt. Both functions take as long as `rounds` says (a sixth of a second at
/// 12), so they must run on a pool for blocking work, never on the event loop.
package enum PasswordHash {
  /// What bcrypt allows, as the base-2 logarithm of its iterations.
  package static let roundsRange = 4...31
  /// bcrypt reads no more. Longer input is cut, pepper included, as Synapse does it.
  package static let significantBytes = 72

  private static let prefix = "$2b$"
  private static let acceptedPrefixes = ["$2a$", "$2b$", "$2y$"]
  private static let hashBytes = 60
  private static let saltBytes = 16

  package static func hash(
    password: String, pepper: String = "", rounds: Int
  ) throws(PasswordHashError) -> String {
    guard roundsRange.contains(rounds) else { throw .invalidRounds }
    guard let phrase = phrase(password, pepper) else { throw .containsNUL }
    guard let setting = newSetting(rounds: rounds), let hash = crypt(phrase, setting: setting),
      hash.utf8.count == hashBytes
    else { throw .unavailable }
    return hash
  }

  /// False for a wrong password and for a hash that is not bcrypt's.
  package static func verify(password: String, pepper: String = "", hash: String) -> Bool {
    guard hash.utf8.count == hashBytes, acceptedPrefixes.contains(where: hash.hasPrefix),
      let phrase = phrase(password, pepper), let computed = crypt(phrase, setting: hash)
    else { return false }
    return constantTimeEquals(computed, hash)
  }

  /// NUL-terminated bytes for C, or nil when the text itself has a NUL.
  private static func phrase(_ password: String, _ pepper: String) -> [CChar]? {
    let bytes = Array((password + pepper).utf8)
    guard !bytes.contains(0) else { return nil }
    return bytes.prefix(significantBytes).map { CChar(bitPattern: $0) } + [0]
  }

  private static func newSetting(rounds: Int) -> String? {
    let salt = SecureRandom.bytes(saltBytes).map { CChar(bitPattern: $0) }
    var output = [CChar](repeating: 0, count: Int(CRYPT_GENSALT_OUTPUT_SIZE))
    let made = crypt_gensalt_rn(
      prefix, UInt(rounds), salt, Int32(salt.count), &output, Int32(output.count))
    return made.map { String(cString: $0) }
  }

  private static func crypt(_ phrase: [CChar], setting: String) -> String? {
    // 32 KiB of working memory, which libcrypt allocates on the heap.
    var memory: UnsafeMutableRawPointer?
    var size: Int32 = 0
    defer {
      if let memory { explicit_bzero(memory, Int(size)) }
      free(memory)
    }
    return crypt_ra(phrase, setting, &memory, &size).map { String(cString: $0) }
  }
}
