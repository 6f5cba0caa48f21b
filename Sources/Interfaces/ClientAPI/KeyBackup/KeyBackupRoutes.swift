import Accounts
package import HTTPServing
package import KeyBackup
import MatrixIdentifiers
import MatrixJSON

/// What the endpoints of key backup work with.
package struct KeyBackupRoutesDependencies: Sendable {
  package let authenticated: Authenticated
  package let backups: KeyBackups
  package let keys: BackupKeys

  package init(authenticated: Authenticated, backups: KeyBackups, keys: BackupKeys) {
    self.authenticated = authenticated
    self.backups = backups
    self.keys = keys
  }
}

/// spec: client-server-api#server-side-key-backups
package func keyBackupRoutes(_ dependencies: KeyBackupRoutesDependencies) -> [Route] {
  let (keys, authenticated) = (dependencies.keys, dependencies.authenticated)
  return backupVersionRoutes(dependencies.backups, authenticated)
    + backupKeyRoutes("all_backup_keys", "", keys, authenticated) { _ in .all }
    + backupKeyRoutes("backup_keys_of_room", "/{roomId}", keys, authenticated) { request in
      .room(try request.roomID())
    }
    + backupKeyRoutes("backup_key", "/{roomId}/{sessionId}", keys, authenticated) { request in
      .session(KeyPlace(roomID: try request.roomID(), sessionID: request.path("sessionId")))
    }
}

private func backupVersionRoutes(
  _ backups: KeyBackups, _ authenticated: Authenticated
) -> [Route] {
  [
    backupRoute(
      "create_key_backup", .post, "/version",
      authenticated { requester, request in
        let body = try request.json()
        let version = try await backups.create(
          algorithm: try body.requiredString("algorithm"),
          authData: Array(try body.requiredObject("auth_data").rawBytes), for: requester.userID)
        return .json(200, ["version": .string(version.text)])
      }),
    backupRoute(
      "current_key_backup", .get, "/version",
      authenticated { requester, _ in
        .json(200, BackupJSON.bytes(try await backups.current(of: requester.userID)))
      }),
    backupRoute(
      "key_backup", .get, "/version/{version}",
      authenticated { requester, request in
        let version = try backupVersion(request.path("version"))
        return .json(
          200, BackupJSON.bytes(try await backups.backup(version, of: requester.userID)))
      }),
    backupRoute(
      "update_key_backup", .put, "/version/{version}",
      authenticated { requester, request in
        let (version, body) = (try backupVersion(request.path("version")), try request.json())
        if let named = try body.optionalString("version"), named != version.text {
          throw MatrixError.invalidParam("The version in the body is not that in the path")
        }
        try await backups.update(
          version, algorithm: try body.requiredString("algorithm"),
          authData: Array(try body.requiredObject("auth_data").rawBytes), of: requester.userID)
        return .empty
      }),
    backupRoute(
      "delete_key_backup", .delete, "/version/{version}",
      authenticated { requester, request in
        try await backups.delete(
          try backupVersion(request.path("version")), of: requester.userID)
        return .empty
      }),
  ]
}

/// Storing, reading and deleting the keys that a path selects.
private func backupKeyRoutes(
  _ id: String, _ endpoint: String, _ keys: BackupKeys, _ authenticated: Authenticated,
  selection: @escaping @Sendable (Request) throws -> BackupKeys.Selection
) -> [Route] {
  let endpoint = "/keys\(endpoint)"
  return [
    backupRoute(
      "store_\(id)", .put, endpoint,
      authenticated { requester, request in
        let version = try backupVersion(try request.query.required("version"))
        let sent = try BackupJSON.keys(try request.json(), in: try selection(request))
        return answer(try await keys.put(sent, in: version, of: requester.userID))
      }),
    backupRoute(
      id, .get, endpoint,
      authenticated { requester, request in
        let version = try backupVersion(try request.query.required("version"))
        let selection = try selection(request)
        return .json(
          200,
          BackupJSON.bytes(
            try await keys.keys(selection, in: version, of: requester.userID), of: selection))
      }),
    backupRoute(
      "delete_\(id)", .delete, endpoint,
      authenticated { requester, request in
        let version = try backupVersion(try request.query.required("version"))
        return answer(
          try await keys.delete(
            try selection(request), in: version, of: requester.userID))
      }),
  ]
}

private func backupRoute(
  _ id: String, _ method: HTTPMethod, _ endpoint: String, _ handler: @escaping Route.Handler
) -> Route {
  // Bytes: as many keys as one request may store.
  let bodyLimit = 16 << 20
  return Route(
    id: id, method: method,
    patterns: clientPaths("/room_keys\(endpoint)", [.v3, .r0, .unstable]), surface: .client,
    roles: .clientFacing, balancing: .user, bodyLimit: bodyLimit, handler: handler)
}

private func backupVersion(_ text: String) throws(KeyBackupError) -> BackupVersion {
  guard let version = BackupVersion(text) else { throw .unknownVersion }
  return version
}

private func answer(_ state: BackupState) -> Response {
  .json(200, ["count": .integer(state.count), "etag": .string(state.etag)])
}

extension KeyBackupError: MatrixErrorConvertible {
  package var matrixError: MatrixError {
    switch self {
    case .noBackup: .notFound("No current backup version")
    case .unknownVersion: .notFound("Unknown backup version")
    case .unknownKey: .notFound("Key not found")
    case .wrongVersion(let current):
      MatrixError(
        status: 403, code: .wrongRoomKeysVersion, message: "Wrong backup version",
        fields: ["current_version": .string(current.text)])
    case .otherAlgorithm: .invalidParam("The algorithm is not that of the backup")
    case .tooLong(let field, let limit):
      .invalidParam("\(field) is too long: at most \(limit) bytes")
    case .tooManyKeys(let limit): .tooLarge("Too many keys at once: at most \(limit)")
    case .unusableText(let field):
      .invalidParam("\(field) holds a character that is not allowed")
    }
  }
}
