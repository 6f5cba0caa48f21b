package import MatrixIdentifiers
package import MatrixJSON

// The form in the stream and in calls.
extension PresenceRecord {
  package var encoded: [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    if isActive {
      writer.key("active")
      writer.bool(true)
    }
    if let lastActive {
      writer.key("last")
      writer.integer(lastActive)
    }
    if let profile {
      writer.key("profile")
      writer.beginObject()
      profile.writeMembers(to: &writer)
      writer.endObject()
    }
    writer.key("state")
    writer.string(state.rawValue)
    if let status {
      writer.key("status")
      writer.string(status)
    }
    writer.endObject()
    return writer.bytes
  }

  /// Nil for what is no record.
  package init?(_ bytes: [UInt8]) {
    guard let json = try? JSONDocument(bytes).root,
      let state = json["state"]?.string.flatMap({ PresenceState(rawValue: $0) })
    else { return nil }
    self.init(
      state: state, lastActive: json["last"]?.integer, status: json["status"]?.string,
      isActive: json["active"]?.bool ?? false,
      profile: json["profile"].map { PresenceProfile($0) })
  }
}

extension PresenceProfile {
  init(_ json: JSONView) {
    self.init(
      displayName: json["displayname"]?.string, avatarURL: json["avatar_url"]?.string)
  }

  /// The same names in the stream and for clients.
  func writeMembers(to writer: inout JSONWriter) {
    if let avatarURL {
      writer.key("avatar_url")
      writer.string(avatarURL)
    }
    if let displayName {
      writer.key("displayname")
      writer.string(displayName)
    }
  }
}

// The form for clients.
extension PresenceRecord {
  package static let eventType = "m.presence"

  /// As /sync tells it.
  /// - Parameter now: milliseconds since the epoch.
  package func event(of user: UserID, at now: Int64) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("content")
    writeContent(at: now, to: &writer)
    writer.key("sender")
    writer.string(user.text)
    writer.key("type")
    writer.string(Self.eventType)
    writer.endObject()
    return writer.bytes
  }

  /// The object that both the event and the endpoint hold.
  package func writeContent(at now: Int64, to writer: inout JSONWriter) {
    writer.beginObject()
    profile?.writeMembers(to: &writer)
    if state == .online {
      writer.key("currently_active")
      writer.bool(isActive)
    }
    if let lastActive {
      writer.key("last_active_ago")
      writer.integer(max(0, now - lastActive))
    }
    writer.key("presence")
    writer.string(state.rawValue)
    if let status {
      writer.key("status_msg")
      writer.string(status)
    }
    writer.endObject()
  }
}
