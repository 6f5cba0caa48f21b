import MatrixIdentifiers
import MatrixJSON

/// What a worker tells the owner of presence about what one device does.
struct PresenceReport: Sendable, Equatable {
  enum Kind: String, Sendable {
    /// It began to sync, and its client says that somebody is there.
    case active
    /// It began to sync.
    case started
    /// It has been syncing all the time.
    case still
    /// It has not synced for some time.
    case ended
    /// Its user did something, be it without a sync.
    case acted
  }

  let userID: UserID
  let deviceID: String
  let kind: Kind
  /// What the device calls itself while it syncs.
  let state: PresenceState
  /// Milliseconds since it ended.
  var age: Int64 = 0
}

extension PresenceReport {
  /// Reports of one kind in one call.
  static let batchLimit = 500

  static func encode(_ reports: [PresenceReport], from source: String) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("reports")
    writer.beginArray()
    for report in reports {
      writer.beginArray()
      writer.string(report.userID.text)
      writer.string(report.deviceID)
      writer.string(report.kind.rawValue)
      writer.string(report.state.rawValue)
      writer.integer(report.age)
      writer.endArray()
    }
    writer.endArray()
    writer.key("source")
    writer.string(source)
    writer.endObject()
    return writer.bytes
  }

  /// Nil when the call cannot be read.
  static func decode(_ json: JSONView) -> (reports: [PresenceReport], source: String)? {
    guard let source = json["source"]?.string, let rows = json["reports"] else { return nil }
    let reports = rows.elements.compactMap { row -> PresenceReport? in
      guard let user = row[0]?.string.flatMap({ UserID($0) }), let device = row[1]?.string,
        let kind = row[2]?.string.flatMap({ Kind(rawValue: $0) }),
        let state = row[3]?.string.flatMap({ PresenceState(rawValue: $0) }),
        let age = row[4]?.integer
      else { return nil }
      return PresenceReport(
        userID: user, deviceID: device, kind: kind, state: state, age: max(0, age))
    }
    return (reports, source)
  }
}

extension PresenceProfile {
  static func encode(_ profiles: [UserID: PresenceProfile]) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("profiles")
    writer.beginArray()
    for (user, profile) in profiles {
      writer.beginObject()
      profile.writeMembers(to: &writer)
      writer.key("user")
      writer.string(user.text)
      writer.endObject()
    }
    writer.endArray()
    writer.endObject()
    return writer.bytes
  }

  static func decode(_ rows: JSONView) -> [UserID: PresenceProfile] {
    var profiles: [UserID: PresenceProfile] = [:]
    for row in rows.elements {
      if let user = row["user"]?.string.flatMap({ UserID($0) }) {
        profiles[user] = PresenceProfile(row)
      }
    }
    return profiles
  }
}
