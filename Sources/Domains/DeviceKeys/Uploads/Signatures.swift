import MatrixIdentifiers
import MatrixJSON

/// The signatures that one user has made of an object, by the name of the key. Those of others are
/// not for everybody to see, so they are never kept with it.
///
/// spec: client-server-api#key-and-signature-security
struct Signatures: Sendable, Equatable {
  /// Users, and keys of one user.
  static let limit = 200

  let user: UserID
  private(set) var byKey: [String: String] = [:]

  init(by user: UserID, _ byKey: [String: String] = [:]) {
    self.user = user
    self.byKey = byKey
  }

  /// Those of an object that a client sent.
  init(in object: KeyBody, by user: UserID) throws(DeviceKeyError) {
    self.init(by: user)
    guard let signatures = try object.object("signatures") else { return }
    try Self.check(signatures)
    guard let own = signatures.json[user.text] else { return }
    for (key, value) in own.members { byKey[key] = value.string }
  }

  /// What has been stored.
  init(stored bytes: [UInt8], by user: UserID) {
    self.init(by: user)
    guard let own = try? JSONDocument(bytes).root[user.text] else { return }
    for (key, value) in own.members { byKey[key] = value.string }
  }

  static func check(_ signatures: KeyBody) throws(DeviceKeyError) {
    for (user, keys) in try signatures.members("signing users", limit: limit) {
      try KeyBody(keys, at: signatures.path(user)).checkStrings("signatures", limit: limit)
    }
  }

  mutating func add(_ others: [String: String]) {
    byKey.merge(others) { $1 }
  }

  /// Leaves those of keys that are not wanted out.
  func filtered(_ isWanted: (String) -> Bool) -> Signatures {
    Signatures(by: user, byKey.filter { isWanted($0.key) })
  }

  /// `{"@user:server": {...}}`, canonical; an empty object without signatures.
  var bytes: [UInt8] {
    byKey.isEmpty
      ? Array("{}".utf8)
      : JSON.object([user.text: .object(byKey.mapValues { .string($0) })]).bytes
  }
}
