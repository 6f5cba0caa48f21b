package import MatrixIdentifiers
import MatrixJSON
import Postgres

/// Tells the devices and keys of users. What is stored is spliced into the answer, not read.
package struct QueryKeys: Sendable {
  private let serverName: ServerName
  private let store: DeviceKeyStore

  package init(serverName: ServerName, store: DeviceKeyStore) {
    self.serverName = serverName
    self.store = store
  }

  /// - Returns: the answer's JSON.
  package func callAsFunction(_ query: KeyQuery, by viewer: UserID) async throws -> [UInt8] {
    let local = query.users.filter { $0.isOn(serverName) }
    var answer = KeyAnswer(capacity: 1500 * local.count)
    answer.writeFailures(of: query.users, except: serverName)
    guard !local.isEmpty else {
      for key in ["device_keys"] + CrossSigningUsage.allCases.map(\.answerKey) {
        answer.writer.key(key)
        answer.writer.beginObject()
        answer.writer.endObject()
      }
      return answer.end()
    }
    let (devices, keys) = try await store.keys(of: local, seenBy: viewer)
    Self.writeDevices(devices, query, to: &answer.writer)
    for usage in CrossSigningUsage.allCases {
      Self.write(usage, keys, seenBy: viewer, to: &answer.writer)
    }
    return answer.end()
  }

  private static func writeDevices(
    _ rows: Rows, _ query: KeyQuery, to writer: inout JSONWriter
  ) {
    writer.key("device_keys")
    writer.beginObject()
    var current: String?
    for row in 0..<rows.count {
      guard let name = rows.text(row, 0) else { continue }
      if current != name {
        if current != nil { writer.endObject() }
        writer.key(name)
        writer.beginObject()
        current = name
      }
      guard let device = rows.text(row, 1) else { continue }
      if !query.devices.isEmpty, let user = UserID(name), !query.wants(device, of: user) {
        continue
      }
      writer.key(device)
      writeDevice(rows, row, to: &writer)
    }
    if current != nil { writer.endObject() }
    writer.endObject()
  }

  private static func writeDevice(_ rows: Rows, _ row: Int, to writer: inout JSONWriter) {
    var unsigned = JSONWriter()
    unsigned.beginObject()
    if let displayName = rows.text(row, 4) {
      unsigned.key("device_display_name")
      unsigned.string(displayName)
    }
    unsigned.endObject()
    let (body, signatures) = (rows.bytes(row, 2) ?? [], rows.bytes(row, 3) ?? [])
    writer.raw(
      StoredObject.joined(
        body, [("signatures", signatures), ("unsigned", unsigned.bytes)]))
  }

  private static func write(
    _ usage: CrossSigningUsage, _ rows: Rows, seenBy viewer: UserID, to writer: inout JSONWriter
  ) {
    writer.key(usage.answerKey)
    writer.beginObject()
    for row in 0..<rows.count where rows.text(row, 1) == usage.rawValue {
      guard let user = rows.text(row, 0), let body = rows.bytes(row, 2),
        var signatures = rows.bytes(row, 3)
      else { continue }
      if let theirs = rows.bytes(row, 4) {
        signatures = StoredObject.joined(signatures, [(viewer.text, theirs)])
      }
      writer.key(user)
      writer.raw(StoredObject.joined(body, [("signatures", signatures)]))
    }
    writer.endObject()
  }
}

/// Objects that are stored as their bytes.
enum StoredObject {
  /// The object with further members, which it does not have.
  static func joined(_ object: [UInt8], _ members: [(String, [UInt8])]) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    for (key, value) in members {
      writer.key(key)
      writer.raw(value)
    }
    writer.endObject()
    // "{}" has no member to set apart with a comma.
    guard object.count > 2 else { return writer.bytes }
    return object.dropLast() + [UInt8(ascii: ",")] + writer.bytes.dropFirst()
  }
}
