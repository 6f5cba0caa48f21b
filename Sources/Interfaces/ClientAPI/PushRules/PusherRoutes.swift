import Accounts
import Executors
package import HTTPServing
import MatrixJSON
package import PushRules

/// spec: client-server-api#get_matrixclientv3pushers
func pusherRoutes(
  _ dependencies: PushRoutesDependencies, _ authenticated: Authenticated
) -> [Route] {
  let pushers = dependencies.pushers
  return [
    pushRoute(
      "pushers", .get, "/pushers",
      handler: authenticated { requester, _ in
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("pushers")
        writer.beginArray()
        for pusher in try await pushers.list(requester.userID) { writer.pusher(pusher) }
        writer.endArray()
        writer.endObject()
        return .json(200, writer.bytes)
      }),
    pushRoute(
      "set_pusher", .post, "/pushers/set",
      handler: authenticated { requester, request in
        let body = try request.json()
        // Only an explicit null removes a pusher.
        if try body.required("kind").isNull {
          try await pushers.remove(
            appID: body.requiredString("app_id"), pushkey: body.requiredString("pushkey"),
            of: requester.userID)
          return .empty
        }
        let pusher = try Pusher(body)
        try pusher.check()
        try await pushers.set(
          pusher, of: requester.userID, device: requester.deviceID,
          replacesOthers: !(body.optionalBool("append") ?? false),
          from: dependencies.position(), now: dependencies.clock.now())
        return .empty
      }),
  ]
}

extension Pusher {
  fileprivate init(_ body: JSONView) throws(MatrixError) {
    let required = [
      "app_display_name", "app_id", "data", "device_display_name", "lang", "pushkey",
    ]
    let missing = required.filter { body[$0] == nil }
    guard missing.isEmpty else {
      throw MatrixError(
        status: 400, code: .missingParam,
        message: "Missing parameters: \(missing.joined(separator: ", "))")
    }
    guard let kind = Kind(rawValue: try body.requiredString("kind")) else {
      throw .invalidParam("Unknown kind of pusher")
    }
    self.init(
      appID: try body.requiredString("app_id"), pushkey: try body.requiredString("pushkey"),
      kind: kind, appDisplayName: try body.requiredString("app_display_name"),
      deviceDisplayName: try body.requiredString("device_display_name"),
      profileTag: try body.optionalString("profile_tag"),
      language: try body.requiredString("lang"),
      data: Array(try body.requiredObject("data").rawBytes))
  }
}

extension Pusher.Fault: MatrixErrorConvertible {
  package var matrixError: MatrixError {
    switch self {
    case .tooLong(let key): .invalidParam("\(key) is too long")
    case .notStorable: .invalidParam("A NUL character cannot be stored")
    case .noGateway: .missingParam("data.url")
    case .wrongGateway:
      .invalidParam("data.url must be a URL with the path /_matrix/push/v1/notify")
    case .addressNotBound:
      .badRequest("The address is not bound to this account", code: .threepidNotFound)
    case .tooMany: .badRequest("There are too many pushers", code: .resourceLimitExceeded)
    }
  }
}
