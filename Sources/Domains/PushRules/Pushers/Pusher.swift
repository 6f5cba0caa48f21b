package import MatrixJSON

/// Where a user's notifications are sent.
///
/// spec: client-server-api#post_matrixclientv3pushersset
package struct Pusher: Sendable, Equatable {
  package enum Kind: String, Sendable {
    case http, email
  }

  package let appID: String
  package let pushkey: String
  package let kind: Kind
  package let appDisplayName: String
  package let deviceDisplayName: String
  package let profileTag: String?
  package let language: String
  /// A JSON object; of a pusher of kind `http` with the gateway's `url`.
  package let data: [UInt8]

  package init(
    appID: String, pushkey: String, kind: Kind, appDisplayName: String, deviceDisplayName: String,
    profileTag: String?, language: String, data: [UInt8]
  ) {
    self.appID = appID
    self.pushkey = pushkey
    self.kind = kind
    self.appDisplayName = appDisplayName
    self.deviceDisplayName = deviceDisplayName
    self.profileTag = profileTag
    self.language = language
    self.data = data
  }

  package enum Fault: Error, Sendable, Equatable {
    case tooLong(String)
    case notStorable
    case noGateway
    case wrongGateway
    /// E-mail goes only to addresses that are known to be the user's, and none are yet.
    case addressNotBound
    case tooMany
  }

  // spec: client-server-api#post_matrixclientv3pushersset
  private static let appIDCharacters = 64
  private static let pushkeyBytes = 512
  /// Characters of names, tag and language each.
  private static let nameCharacters = 255
  private static let dataBytes = 8192
  private static let gatewayPath = "/_matrix/push/v1/notify"

  /// - Throws: `Fault`: what is wrong with it.
  package func check() throws(Fault) {
    guard appID.unicodeScalars.count <= Self.appIDCharacters else { throw .tooLong("app_id") }
    guard pushkey.utf8.count <= Self.pushkeyBytes else { throw .tooLong("pushkey") }
    let names = [
      ("app_display_name", appDisplayName), ("device_display_name", deviceDisplayName),
      ("profile_tag", profileTag ?? ""), ("lang", language),
    ]
    for (key, name) in names where name.unicodeScalars.count > Self.nameCharacters {
      throw .tooLong(key)
    }
    guard data.count <= Self.dataBytes else { throw .tooLong("data") }
    guard ([appID, pushkey] + names.map(\.1)).allSatisfy({ !$0.utf8.contains(0) }) else {
      throw .notStorable
    }
    switch kind {
    case .http: try checkGateway()
    case .email: throw .addressNotBound
    }
  }

  private func checkGateway() throws(Fault) {
    guard let url = (try? JSONDocument(data))?.root["url"]?.string else { throw .noGateway }
    guard let scheme = ["https://", "http://"].first(where: { url.lowercased().hasPrefix($0) })
    else { throw .wrongGateway }
    let rest = url.dropFirst(scheme.count)
    guard let slash = rest.firstIndex(of: "/"), slash != rest.startIndex,
      rest[slash...].prefix(while: { $0 != "?" && $0 != "#" }) == Self.gatewayPath
    else { throw .wrongGateway }
  }
}

extension JSONWriter {
  package mutating func pusher(_ pusher: Pusher) {
    beginObject()
    let members = [
      ("app_display_name", pusher.appDisplayName), ("app_id", pusher.appID),
      ("device_display_name", pusher.deviceDisplayName), ("kind", pusher.kind.rawValue),
      ("lang", pusher.language), ("pushkey", pusher.pushkey),
    ]
    for (name, value) in members {
      key(name)
      string(value)
    }
    if let tag = pusher.profileTag {
      key("profile_tag")
      string(tag)
    }
    key("data")
    raw(pusher.data)
    endObject()
  }
}
