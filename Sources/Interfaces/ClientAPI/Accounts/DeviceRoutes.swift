package import Accounts
import HTTPServing
import MatrixJSON

package struct DeviceRoutesDependencies: Sendable {
  package let directory: DeviceDirectory
  package let delete: DeleteDevices
  package let confirmation: OwnerConfirmation

  package init(
    directory: DeviceDirectory, delete: DeleteDevices, confirmation: OwnerConfirmation
  ) {
    self.directory = directory
    self.delete = delete
    self.confirmation = confirmation
  }
}

/// spec: client-server-api#device-management
func deviceRoutes(
  _ dependencies: DeviceRoutesDependencies, _ authenticated: Authenticated
) -> [Route] {
  let directory = dependencies.directory
  return [
    accountRoute(
      "devices", .get, "/devices",
      authenticated(guests: .allowed) { requester, _ in
        let devices = try await directory.list(for: requester)
        return .json(200, ["devices": .array(devices.map { json($0) })])
      }),
    accountRoute(
      "device", .get, "/devices/{deviceId}",
      authenticated(guests: .allowed) { requester, request in
        .json(200, json(try await directory.device(request.path("deviceId"), for: requester)))
      }),
    accountRoute(
      "rename_device", .put, "/devices/{deviceId}",
      authenticated(guests: .allowed) { requester, request in
        let name = try request.json().optionalString("display_name")
        try await directory.rename(request.path("deviceId"), to: name, for: requester)
        return .empty
      }),
    accountRoute(
      "delete_device", .delete, "/devices/{deviceId}",
      authenticated { requester, request in
        let device = request.path("deviceId")
        return try await delete(
          [device], "delete_device \(device)", try request.json(), requester, dependencies)
      }),
    accountRoute(
      "delete_devices", .post, "/delete_devices",
      authenticated { requester, request in
        let body = try request.json()
        let devices = try deviceIDs(in: body)
        return try await delete(devices, "delete_devices", body, requester, dependencies)
      }),
  ]
}

private func delete(
  _ devices: [String], _ operation: String, _ body: JSONView, _ requester: Requester,
  _ dependencies: DeviceRoutesDependencies
) async throws -> Response {
  let attempt = try InteractiveAuthExchange.attempt(in: body)
  let operation = try InteractiveAuthExchange.operation(operation, body, isSkippable: true)
  return try await InteractiveAuthExchange.answering {
    try await dependencies.confirmation.require(attempt, of: requester, for: operation)
    try await dependencies.delete(devices, of: requester.userID)
    return .empty
  }
}

private func deviceIDs(in body: JSONView) throws -> [String] {
  guard let devices = try body.optionalStrings("devices") else {
    throw MatrixError.missingParam("devices")
  }
  guard devices.count <= DeleteDevices.limit else {
    throw AccountError.tooManyDevices(limit: DeleteDevices.limit)
  }
  return devices
}

private func json(_ device: Device) -> JSON {
  var members: [String: JSON] = ["device_id": .string(device.id)]
  if let name = device.displayName { members["display_name"] = .string(name) }
  if let address = device.lastSeenIP { members["last_seen_ip"] = .string(address) }
  if let time = device.lastSeenAt { members["last_seen_ts"] = .integer(time) }
  return .object(members)
}
