/// Why a request about keys was refused. `place` names the part of the body that is meant.
package enum DeviceKeyError: Error, Sendable, Equatable {
  case missing(place: String)
  /// Another type or form than it must have.
  case malformed(place: String, expected: String)
  case tooMany(what: String, limit: Int)
  case tooLarge(place: String, limit: Int)
  /// It holds a NUL, which is not stored.
  case unusableText(place: String)
  /// The keys are said to belong to another user or device than the one that uploads them.
  case notYours(place: String)
  /// The token belongs to no device.
  case noDevice
  /// The device has been deleted meanwhile.
  case deviceIsGone
  /// A one-time key of this name with another value waits to be claimed.
  case keyExists(name: String)
}
