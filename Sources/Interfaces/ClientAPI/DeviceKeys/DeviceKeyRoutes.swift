import Accounts
package import DeviceKeys
package import HTTPServing
import MatrixIdentifiers
import MatrixJSON
package import Sync

/// What the endpoints of end-to-end encryption keys work with.
package struct DeviceKeyRoutesDependencies: Sendable {
  package let authenticated: Authenticated
  package let upload: UploadKeys
  package let query: QueryKeys
  package let claim: ClaimKeys
  package let crossSign: UploadCrossSigning
  package let sign: UploadSignatures
  package let changes: KeyChanges

  package init(
    authenticated: Authenticated, upload: UploadKeys, query: QueryKeys, claim: ClaimKeys,
    crossSign: UploadCrossSigning, sign: UploadSignatures, changes: KeyChanges
  ) {
    self.authenticated = authenticated
    self.upload = upload
    self.query = query
    self.claim = claim
    self.crossSign = crossSign
    self.sign = sign
    self.changes = changes
  }
}

/// spec: client-server-api#key-management-api
package func deviceKeyRoutes(_ dependencies: DeviceKeyRoutesDependencies) -> [Route] {
  let authenticated = dependencies.authenticated
  return [
    deviceKeyRoute(
      // The longer path is from before tokens belonged to devices.
      "upload_keys", .post, "/keys/upload", "/keys/upload/{deviceId}",
      handler: authenticated(guests: .allowed) { requester, request in
        guard let device = requester.deviceID else { throw DeviceKeyError.noDevice }
        let upload = try KeyUpload(
          try request.json(), by: requester.userID, device: device)
        return .json(
          200, try await dependencies.upload(upload, by: requester.userID, device: device))
      }),
    deviceKeyRoute(
      "query_keys", .post, "/keys/query",
      handler: authenticated(guests: .allowed) { requester, request in
        let query = try KeyQuery(try request.json())
        return .json(200, try await dependencies.query(query, by: requester.userID))
      }),
    deviceKeyRoute(
      "claim_keys", .post, "/keys/claim",
      handler: authenticated(guests: .allowed) { _, request in
        .json(200, try await dependencies.claim(try KeyClaim(try request.json())))
      }),
    deviceKeyRoute(
      "key_changes", .get, "/keys/changes",
      handler: authenticated { requester, request in
        try await changes(dependencies.changes, requester, request)
      }),
  ] + crossSigningRoutes(dependencies)
}

/// spec: client-server-api#cross-signing
private func crossSigningRoutes(_ dependencies: DeviceKeyRoutesDependencies) -> [Route] {
  let authenticated = dependencies.authenticated
  let prefixes: [ClientPrefix] = [.v3, .r0, .unstable]
  return [
    deviceKeyRoute(
      "upload_cross_signing_keys", .post, "/keys/device_signing/upload", prefixes: prefixes,
      handler: authenticated { requester, request in
        let body = try request.json()
        let upload = try CrossSigningUpload(body, by: requester.userID)
        let attempt = try InteractiveAuthExchange.attempt(in: body)
        let operation = try InteractiveAuthExchange.operation("cross_signing", body)
        return try await InteractiveAuthExchange.answering {
          try await dependencies.crossSign(
            upload, by: requester, auth: attempt, operation: operation)
          return .empty
        }
      }),
    deviceKeyRoute(
      "upload_signatures", .post, "/keys/signatures/upload", prefixes: prefixes,
      handler: authenticated { requester, request in
        let upload = try SignatureUpload(try request.json(), by: requester.userID)
        return .json(200, try await dependencies.sign(upload))
      }),
  ]
}

/// spec: client-server-api#get_matrixclientv3keyschanges
private func changes(
  _ changes: KeyChanges, _ requester: Requester, _ request: Request
) async throws -> Response {
  let (from, to) = (try request.token("from"), try request.token("to"))
  do {
    let found = try await changes(for: requester.userID, from: from, to: to)
    return .json(
      200,
      [
        "changed": .array(found.changed.map { .string($0.text) }),
        "left": .array(found.left.map { .string($0.text) }),
      ])
  } catch is KeyChanges.Failure {
    throw MatrixError.unavailable()
  }
}

extension Request {
  fileprivate func token(_ name: String) throws(MatrixError) -> SyncToken {
    guard let text = query[name] else { throw .missingParam(name) }
    guard let token = SyncToken(text) else {
      throw .invalidParam("\(name) is not a token of /sync")
    }
    return token
  }
}

/// An endpoint of keys.
func deviceKeyRoute(
  _ id: String, _ method: HTTPMethod, _ endpoints: String...,
  prefixes: [ClientPrefix] = [.v3, .r0], handler: @escaping Route.Handler
) -> Route {
  // Bytes: clients ask for the keys of all members of a large room at once.
  let bodyLimit = 2 << 20
  return Route(
    id: id, method: method, patterns: endpoints.flatMap { clientPaths($0, prefixes) },
    surface: .client, roles: .clientFacing, balancing: .user, bodyLimit: bodyLimit,
    handler: handler)
}
