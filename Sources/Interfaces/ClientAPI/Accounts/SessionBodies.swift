import Accounts
import HTTPServing
import MatrixIdentifiers
import MatrixJSON

extension DeviceRequest {
  /// Reads the members that login and registration share.
  init(_ body: JSONView) throws {
    try self.init(
      id: body.optionalString("device_id"),
      initialDisplayName: body.optionalString("initial_device_display_name"),
      isRefreshable: body.optionalBool("refresh_token") ?? false)
  }
}

extension Session {
  /// spec: client-server-api#refreshing-access-tokens
  var refreshMembers: [String: JSON] {
    var members: [String: JSON] = [:]
    if let refreshToken { members["refresh_token"] = .string(refreshToken) }
    if let expiresIn { members["expires_in_ms"] = .integer(expiresIn) }
    return members
  }
}

extension JSON {
  init(_ session: Session) {
    var members = session.refreshMembers
    members["user_id"] = .string(session.userID.text)
    members["access_token"] = .string(session.accessToken)
    members["device_id"] = .string(session.deviceID)
    members["home_server"] = .string(session.userID.serverName.text)
    self = .object(members)
  }
}
