import MatrixIdentifiers
package import MatrixJSON

/// Whose devices somebody wants to know.
/// spec: client-server-api#post_matrixclientv3keysquery
package struct KeyQuery: Sendable {
  /// Users of one request; clients ask for all members of a room at once.
  static let userLimit = 10_000
  /// Devices that may be named for one user.
  static let deviceLimit = 1000

  let users: [UserID]
  /// Where only some devices of a user are wanted.
  let devices: [UserID: Set<String>]

  package init(_ body: JSONView) throws(DeviceKeyError) {
    let whole = try KeyBody(body, at: "")
    try whole.checkTimeout()
    let wanted = try whole.requiredObject("device_keys")
    var (users, devices) = ([UserID](), [UserID: Set<String>]())
    for (name, value) in try wanted.members("users", limit: Self.userLimit) {
      let user = try KeyBody.user(name, at: wanted.path(name))
      users.append(user)
      let named = try Self.deviceIDs(value, at: wanted.path(name))
      if !named.isEmpty { devices[user] = Set(named) }
    }
    (self.users, self.devices) = (users, devices)
  }

  func wants(_ device: String, of user: UserID) -> Bool {
    devices[user]?.contains(device) ?? true
  }

  private static func deviceIDs(
    _ value: JSONView, at place: String
  ) throws(DeviceKeyError) -> [String] {
    guard value.count <= deviceLimit else { throw .tooMany(what: "devices", limit: deviceLimit) }
    return try KeyBody.strings(value, at: place)
  }
}
