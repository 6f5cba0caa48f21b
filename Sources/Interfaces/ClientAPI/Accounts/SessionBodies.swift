import Accounts
import HTTPServing
import MatrixIdentifiers
import MatrixJSON

extension DeviceRequest {
  /// Reads the members that login and registration share.
  init(_ body: JSONView) throws {
    try self.init(
      id: body.optionalString("device_id"),
      initialDisplayName: body.optionalString("initial_device_display_name"))
  }
}

extension JSON {
  init(_ session: Session) {
    self = [
      "user_id": .string(session.userID.text),
      "access_token": .string(session.accessToken),
      "device_id": .string(session.deviceID),
      "home_server": .string(session.userID.serverName.text),
    ]
  }
}
