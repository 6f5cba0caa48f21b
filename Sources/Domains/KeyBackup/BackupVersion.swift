/// Names one of a user's backups; never given twice to one user.
package struct BackupVersion: Hashable, Sendable {
  let number: Int64

  init(number: Int64) {
    self.number = number
  }

  /// Nil for a text that no version has.
  package init?(_ text: String) {
    guard let number = Int64(text), number > 0, String(number).utf8.elementsEqual(text.utf8)
    else { return nil }
    self.number = number
  }

  package var text: String { String(number) }
}

/// What a backup is, without its keys.
package struct Backup: Sendable, Equatable {
  package let version: BackupVersion
  package let algorithm: String
  /// A JSON object.
  package let authData: [UInt8]
  package let state: BackupState
}

/// Which keys a backup holds, as far as clients compare it.
package struct BackupState: Sendable, Equatable {
  let number: Int64
  package let count: Int64

  init(number: Int64, count: Int64) {
    self.number = number
    self.count = count
  }

  /// Another one after every change of the keys.
  package var etag: String { String(number) }

  /// After a change of the keys.
  func changed(by difference: Int) -> Self {
    Self(number: number + 1, count: count + Int64(difference))
  }
}
