import MatrixIdentifiers
import MatrixJSON

/// The keys of a user as they are told: pieces of JSON that only have to be joined.
struct UserKeys: Sendable {
  /// What its pieces and their bookkeeping take.
  private(set) var size = 200
  /// Each device's keys, by its id.
  private(set) var devices: [(id: String, keys: [UInt8])] = []
  private(set) var master: MasterKey?
  private(set) var selfSigning: [UInt8]?
  /// For the user alone.
  private(set) var userSigning: [UInt8]?

  struct MasterKey: Sendable {
    let publicKey: String
    fileprivate let body: [UInt8]
    fileprivate let signatures: [UInt8]

    /// - Parameter further: what the one who asks has signed: an object of signatures by key.
    func rendered(with further: (signer: UserID, signatures: [UInt8])?) -> [UInt8] {
      var signatures = signatures
      if let further {
        signatures = StoredObject.joined(
          signatures, [(further.signer.text, further.signatures)])
      }
      return StoredObject.joined(body, [("signatures", signatures)])
    }
  }

  mutating func addDevice(
    _ id: String, body: [UInt8], signatures: [UInt8], displayName: String?
  ) {
    var unsigned = JSONWriter()
    unsigned.beginObject()
    if let displayName {
      unsigned.key("device_display_name")
      unsigned.string(displayName)
    }
    unsigned.endObject()
    let keys = StoredObject.joined(
      body, [("signatures", signatures), ("unsigned", unsigned.bytes)])
    devices.append((id, keys))
    size += keys.count + id.utf8.count + 50
  }

  mutating func add(
    _ usage: CrossSigningUsage, publicKey: String, body: [UInt8], signatures: [UInt8]
  ) {
    size += body.count + signatures.count + 50
    let rendered = StoredObject.joined(body, [("signatures", signatures)])
    switch usage {
    case .master:
      master = MasterKey(publicKey: publicKey, body: body, signatures: signatures)
    case .selfSigning: selfSigning = rendered
    case .userSigning: userSigning = rendered
    }
  }
}

/// Objects that are stored as their bytes.
enum StoredObject {
  /// The object with further members, which it does not have.
  static func joined(_ object: [UInt8], _ members: [(String, [UInt8])]) -> [UInt8] {
    var writer = JSONWriter(
      capacity: members.reduce(object.count) { $0 + $1.0.utf8.count + $1.1.count + 4 })
    writer.beginObject()
    // "{}" has no members.
    if object.count > 2 { writer.raw(object.dropFirst().dropLast()) }
    for (key, value) in members {
      writer.key(key)
      writer.raw(value)
    }
    writer.endObject()
    return writer.bytes
  }
}
