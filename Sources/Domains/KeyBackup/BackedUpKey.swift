package import MatrixIdentifiers

/// The key of one megolm session, encrypted by its owner.
///
/// spec: client-server-api#server-side-key-backups
package struct BackedUpKey: Sendable, Equatable {
  package let place: KeyPlace
  package let quality: KeyQuality
  /// JSON that only clients understand.
  package let sessionData: [UInt8]

  package init(place: KeyPlace, quality: KeyQuality, sessionData: [UInt8]) {
    self.place = place
    self.quality = quality
    self.sessionData = sessionData
  }
}

/// Whose key it is. Session ids are the same only when their bytes are.
package struct KeyPlace: Hashable, Sendable {
  package let roomID: RoomID
  package let sessionID: String

  package init(roomID: RoomID, sessionID: String) {
    self.roomID = roomID
    self.sessionID = sessionID
  }

  package static func == (left: Self, right: Self) -> Bool {
    left.roomID == right.roomID && sameBytes(left.sessionID, right.sessionID)
  }
}

/// What tells which of two keys of a session is kept.
package struct KeyQuality: Sendable, Equatable {
  package let isVerified: Bool
  package let firstMessageIndex: Int64
  package let forwardedCount: Int64

  package init(isVerified: Bool, firstMessageIndex: Int64, forwardedCount: Int64) {
    self.isVerified = isVerified
    self.firstMessageIndex = firstMessageIndex
    self.forwardedCount = forwardedCount
  }

  /// Whether a key takes the place of one that is there; of equal ones the first stays.
  func isBetter(than other: Self) -> Bool {
    if isVerified != other.isVerified { return isVerified }
    if firstMessageIndex != other.firstMessageIndex {
      return firstMessageIndex < other.firstMessageIndex
    }
    return forwardedCount < other.forwardedCount
  }
}
