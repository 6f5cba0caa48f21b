import MatrixIdentifiers

/// A user as rules look for in events.
struct PushSubject: Sendable {
  let id: UserID
  let foldedID: [UInt8]
  /// Folded.
  let localpart: [UInt8]
  /// The name that the user has in the room, folded; empty for none.
  let displayName: [UInt8]

  init(_ id: UserID, displayName: [UInt8]) {
    self.id = id
    foldedID = FoldedText.fold(id.text)
    localpart = FoldedText.fold(id.localpart)
    self.displayName = displayName
  }
}
