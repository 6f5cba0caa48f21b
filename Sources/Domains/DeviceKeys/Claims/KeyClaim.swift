import MatrixIdentifiers
package import MatrixJSON

/// One key of one device is asked for.
struct WantedKey: Sendable, Hashable {
  let user: UserID
  let device: String
  let algorithm: String
}

/// The keys that somebody needs to begin conversations.
/// spec: client-server-api#post_matrixclientv3keysclaim
package struct KeyClaim: Sendable {
  /// Devices of one request.
  static let deviceLimit = 10_000

  let wanted: [WantedKey]

  package init(_ body: JSONView) throws(DeviceKeyError) {
    let whole = try KeyBody(body, at: "")
    try whole.checkTimeout()
    let users = try whole.requiredObject("one_time_keys")
    var wanted: [WantedKey] = []
    for (name, value) in try users.members("users", limit: Self.deviceLimit) {
      let user = try KeyBody.user(name, at: users.path(name))
      let devices = try KeyBody(value, at: users.path(name))
      for (device, algorithm) in try devices.members("devices", limit: Self.deviceLimit) {
        guard let algorithm = algorithm.string else {
          throw .malformed(place: devices.path(device), expected: "the name of an algorithm")
        }
        try KeyBody.check(name: algorithm, at: devices.path(device))
        wanted.append(WantedKey(user: user, device: device, algorithm: algorithm))
      }
      guard wanted.count <= Self.deviceLimit else {
        throw .tooMany(what: "devices", limit: Self.deviceLimit)
      }
    }
    self.wanted = wanted
  }
}

extension KeyBody {
  static func user(_ text: String, at place: String) throws(DeviceKeyError) -> UserID {
    guard let user = UserID(text) else {
      throw .malformed(place: place, expected: "a user ID")
    }
    return user
  }

  /// How long other servers may take, in milliseconds.
  func checkTimeout() throws(DeviceKeyError) {
    if let timeout = optional("timeout"), timeout.integer == nil {
      throw .malformed(place: path("timeout"), expected: "an integer")
    }
  }
}
