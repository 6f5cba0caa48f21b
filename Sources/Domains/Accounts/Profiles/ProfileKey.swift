/// The keys that rooms are told of, named as in requests and events.
package enum ProfileField: String, Sendable, CaseIterable {
  case displayName = "displayname"
  case avatarURL = "avatar_url"

  /// Unicode scalars.
  var limit: Int {
    switch self {
    case .displayName: StorableText.displayNameLimit
    case .avatarURL: StorableText.avatarURLLimit
    }
  }
}

/// A key of a profile.
///
/// spec: client-server-api#put_matrixclientv3profileuseridkeyname
package enum ProfileKey: Sendable, Hashable {
  case standard(ProfileField)
  case custom(String)

  /// Bytes.
  private static let lengthLimit = 255
  /// The one custom key whose value is always text.
  static let timeZone = "m.tz"

  /// - Throws: `AccountError.profileFault`.
  ///
  /// spec: appendices#common-namespaced-identifier-grammar
  package init(_ text: String) throws(AccountError) {
    if let field = ProfileField(rawValue: text) {
      self = .standard(field)
      return
    }
    guard text.utf8.count <= Self.lengthLimit else { throw .profileFault(.keyTooLong) }
    guard Self.isNamespaced(text) else { throw .profileFault(.badKey) }
    self = .custom(text)
  }

  package var name: String {
    switch self {
    case .standard(let field): field.rawValue
    case .custom(let name): name
    }
  }

  private static func isNamespaced(_ text: String) -> Bool {
    let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard parts.count > 1 else { return false }
    return parts.allSatisfy { part in
      guard let first = part.first, isLetter(first) else { return false }
      return part.allSatisfy {
        isLetter($0) || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "_")
          || $0 == UInt8(ascii: "-")
      }
    }
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
  }
}
