/// Lets people register who were told it.
///
/// spec: client-server-api#token-authenticated-registration
package struct RegistrationToken: Sendable, Equatable {
  package let token: String
  /// Nil: as often as one likes.
  package let usesAllowed: Int64?
  /// Uses set aside for people who are registering.
  package let pending: Int64
  package let completed: Int64
  /// The last millisecond (since the epoch) in which it is good; nil: for ever.
  package let expiryTime: Int64?

  package init(
    token: String, usesAllowed: Int64?, pending: Int64 = 0, completed: Int64 = 0,
    expiryTime: Int64?
  ) {
    self.token = token
    self.usesAllowed = usesAllowed
    self.pending = pending
    self.completed = completed
    self.expiryTime = expiryTime
  }

  package func isValid(at now: Int64) -> Bool {
    if let expiryTime, expiryTime < now { return false }
    guard let usesAllowed else { return true }
    return pending + completed < usesAllowed
  }

  /// The characters of opaque identifiers; also the limit of a token's length.
  static let lengthRange = 1...64

  static func isWellFormed(_ text: String) -> Bool {
    lengthRange.contains(text.utf8.count) && text.utf8.allSatisfy(isAllowed)
  }

  static func isAllowed(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
      UInt8(ascii: "~"), UInt8(ascii: "-"):
      true
    default:
      false
    }
  }
}
