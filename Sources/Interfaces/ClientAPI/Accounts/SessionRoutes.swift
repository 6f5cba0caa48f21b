import Accounts
import HTTPServing
import MatrixIdentifiers
import MatrixJSON

func sessionRoutes(_ logout: Logout, _ authenticated: Authenticated) -> [Route] {
  [
    accountRoute(
      "logout", .post, "/logout",
      authenticated(guests: .allowed) { requester, _ in
        try await logout.thisDevice(of: requester)
        return .empty
      }),
    accountRoute(
      "logout_all", .post, "/logout/all",
      authenticated(guests: .allowed) { requester, _ in
        try await logout.allDevices(of: requester)
        return .empty
      }),
    accountRoute(
      "whoami", .get, "/account/whoami",
      authenticated(guests: .allowed) { requester, _ in
        var writer = JSONWriter()
        writer.beginObject()
        if let device = requester.deviceID {
          writer.key("device_id")
          writer.string(device)
        }
        writer.key("is_guest")
        writer.bool(requester.isGuest)
        writer.key("user_id")
        writer.string(requester.userID.text)
        writer.endObject()
        return .json(200, writer.bytes)
      }),
  ]
}
