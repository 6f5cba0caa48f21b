import Accounts
import HTTPServing
import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import Rooms

/// spec: client-server-api#post_matrixclientv3roomsroomidupgrade
func upgradeRoutes(_ upgrade: UpgradeRoom, _ authenticated: Authenticated) -> [Route] {
  [
    roomRoute(
      "upgrade_room", .post, "/rooms/{roomId}/upgrade",
      handler: authenticated { requester, request in
        let body = try request.json()
        let id = try body.requiredString("new_version")
        guard let version = RoomVersion(id: id) else {
          throw RoomError.unsupportedVersion(String(id.prefix(32)))
        }
        let creators = try additionalCreators(body, version)
        try await authenticated.limiter.check(.roomCreation, of: requester)
        let room = try await upgrade.upgrade(
          try request.roomID(), to: version, additionalCreators: creators, by: requester.userID)
        return .json(200, ["replacement_room": .string(room.text)])
      })
  ]
}

/// Versions that know no additional creators take no notice of them.
private func additionalCreators(
  _ body: JSONView, _ version: RoomVersion
) throws(MatrixError) -> [UserID] {
  guard version.rules.creatorsArePrivileged else { return [] }
  var users: [UserID] = []
  for text in try body.optionalStrings("additional_creators") ?? [] {
    guard let user = UserID(text) else {
      throw .invalidParam("additional_creators has an invalid user ID")
    }
    if !users.contains(user) { users.append(user) }
  }
  return users
}
