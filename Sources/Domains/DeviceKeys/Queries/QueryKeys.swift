package import MatrixIdentifiers
import MatrixJSON

/// Tells the devices and keys of users. What is stored is spliced into the answer, not read.
package struct QueryKeys: Sendable {
  private let serverName: ServerName
  private let directory: KeyDirectory

  package init(serverName: ServerName, directory: KeyDirectory) {
    self.serverName = serverName
    self.directory = directory
  }

  /// - Returns: the answer's JSON.
  package func callAsFunction(_ query: KeyQuery, by viewer: UserID) async throws -> [UInt8] {
    let local = query.users.filter { $0.isOn(serverName) }
    let found = try await directory.lookUp(local, seenBy: viewer)
    let size = found.keys.values.reduce(500) { $0 + $1.size }
    var answer = KeyAnswer(capacity: size)
    answer.writeFailures(of: query.users, except: serverName)
    Self.write("device_keys", of: local, to: &answer.writer) { user, writer in
      guard let keys = found.keys[user] else { return }
      writer.key(user.text)
      writer.beginObject()
      for device in keys.devices where query.wants(device.id, of: user) {
        writer.key(device.id)
        writer.raw(device.keys)
      }
      writer.endObject()
    }
    Self.write(.master, of: local, to: &answer.writer) { user in
      guard let master = found.keys[user]?.master else { return nil }
      let signed = found.signatures[user].flatMap { signatures in
        signatures.publicKey == master.publicKey ? (viewer, signatures.bytes) : nil
      }
      return master.rendered(with: signed)
    }
    Self.write(.selfSigning, of: local, to: &answer.writer) { found.keys[$0]?.selfSigning }
    Self.write(.userSigning, of: local, to: &answer.writer) { user in
      user == viewer ? found.keys[user]?.userSigning : nil
    }
    return answer.end()
  }

  private static func write(
    _ usage: CrossSigningUsage, of users: [UserID], to writer: inout JSONWriter,
    _ key: (UserID) -> [UInt8]?
  ) {
    write(usage.answerKey, of: users, to: &writer) { user, writer in
      guard let key = key(user) else { return }
      writer.key(user.text)
      writer.raw(key)
    }
  }

  private static func write(
    _ name: String, of users: [UserID], to writer: inout JSONWriter,
    _ write: (UserID, inout JSONWriter) -> Void
  ) {
    writer.key(name)
    writer.beginObject()
    for user in users { write(user, &writer) }
    writer.endObject()
  }
}
