/// Limits and checks of free text that clients give us to keep.
package enum StorableText {
  /// Unicode scalars, as Synapse counts them.
  package static let displayNameLimit = 256
  package static let avatarURLLimit = 1000
  package static let deviceNameLimit = 100
  /// Bytes; with the user id it must fit into one entry of a database index.
  package static let deviceIDLimit = 512
  package static let passwordLimit = 512

  /// - Throws: `.tooLong` or `.unusableText`, naming `field`.
  static func check(_ text: String, field: String, limit: Int) throws(AccountError) {
    guard text.unicodeScalars.count <= limit else {
      throw .tooLong(field: field, limit: limit)
    }
    guard !text.utf8.contains(0) else { throw .unusableText(field: field) }
  }

  /// A name that a client made up for its user's sake must not keep the user from signing in:
  /// it is cut instead of refused.
  static func cutDeviceName(_ name: String?) -> String? {
    guard let name else { return nil }
    let kept = name.unicodeScalars.filter { $0.value != 0 }.prefix(deviceNameLimit)
    return String(String.UnicodeScalarView(kept))
  }
}
