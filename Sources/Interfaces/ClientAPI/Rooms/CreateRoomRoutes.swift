import Accounts
import EventAuth
import HTTPServing
import MatrixIdentifiers
import MatrixJSON
import RoomEvents
import Rooms

/// spec: client-server-api#post_matrixclientv3createroom
func createRoomRoutes(
  _ dependencies: RoomRoutesDependencies, _ authenticated: Authenticated
) -> [Route] {
  let (create, version) = (dependencies.create, dependencies.defaultVersion)
  return [
    roomRoute(
      "create_room", .post, "/createRoom", balancing: .user,
      handler: authenticated { requester, request in
        let options = try RoomOptionsReader.read(try request.json(), defaultVersion: version)
        let limiter = authenticated.limiter
        try await limiter.check(.roomCreation, of: requester)
        try await limiter.check(.message, of: requester)
        try await limiter.check(.invitePerIssuer, of: requester, count: options.invites.count)
        let made: (room: RoomID, alias: RoomAlias?)
        do {
          made = try await create.create(options, by: requester.userID)
        } catch RoomError.aliasTaken {
          throw MatrixError.badRequest("Room alias already taken", code: .roomInUse)
        } catch RoomError.refused(let rejection) {
          throw MatrixError.badRequest(rejection.reason, code: .invalidRoomState)
        }
        var answer: [String: JSON] = ["room_id": .string(made.room.text)]
        if let alias = made.alias { answer["room_alias"] = .string(alias.text) }
        return .json(200, .object(answer))
      })
  ]
}

private enum RoomOptionsReader {
  static func read(
    _ body: JSONView, defaultVersion: RoomVersion
  ) throws(MatrixError) -> RoomOptions {
    var options = RoomOptions()
    options.version = defaultVersion
    if let id = try body.optionalString("room_version") {
      guard let version = RoomVersion(id: id) else {
        throw .badRequest(
          "Room version \(id.prefix(32)) is not supported", code: .unsupportedRoomVersion)
      }
      options.version = version
    }
    options.preset = try preset(body)
    options.aliasName = try body.optionalString("room_alias_name")
    options.name = try body.optionalString("name")
    options.topic = try body.optionalString("topic")
    options.isDirect = try body.optionalBool("is_direct") ?? false
    options.invites = try invites(body)
    options.creationContent = object(try body.optionalObject("creation_content"))
    options.powerLevelOverride = object(try body.optionalObject("power_level_content_override"))
    options.initialState = try initialState(body)
    return options
  }

  private static func preset(_ body: JSONView) throws(MatrixError) -> RoomOptions.Preset {
    let visibility = try body.optionalString("visibility") ?? "private"
    guard ["public", "private"].contains(visibility) else {
      throw .invalidParam("visibility must be public or private")
    }
    guard let name = try body.optionalString("preset") else {
      return visibility == "public" ? .publicChat : .privateChat
    }
    guard let preset = RoomOptions.Preset(rawValue: name) else {
      throw .invalidParam("preset is unknown")
    }
    return preset
  }

  private static func invites(_ body: JSONView) throws(MatrixError) -> [UserID] {
    if let list = try body.optionalArray("invite_3pid"), !list.isEmpty {
      throw .badRequest("Invitations by e-mail or telephone are not available", code: .unknown)
    }
    var users: [UserID] = []
    for text in try body.optionalStrings("invite") ?? [] {
      guard let user = UserID(text) else { throw .invalidParam("invite has an invalid user ID") }
      if !users.contains(user) { users.append(user) }
    }
    return users
  }

  private static func initialState(
    _ body: JSONView
  ) throws(MatrixError) -> [RoomOptions.State] {
    var states: [RoomOptions.State] = []
    for entry in try body.optionalArray("initial_state") ?? [] {
      guard entry.kind == .object else { throw .badJSON("initial_state must hold objects") }
      let (type, content) = (
        try entry.requiredString("type"), try entry.requiredObject("content")
      )
      let stateKey = try entry.optionalString("state_key") ?? ""
      do {
        states.append(try RoomOptions.State(type: type, stateKey: stateKey, content: content))
      } catch {
        throw .badJSON("The content of \(type.prefix(64)) has no canonical form")
      }
    }
    return states
  }

  private static func object(_ view: JSONView?) -> JSONObject {
    view.map { JSONObject($0) } ?? [:]
  }
}
