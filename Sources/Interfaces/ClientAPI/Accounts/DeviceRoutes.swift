import Accounts
import HTTPServing
import MatrixJSON

/// spec: client-server-api#device-management
func deviceRoutes(_ directory: DeviceDirectory, _ authenticated: Authenticated) -> [Route] {
  [
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
  ]
}

private func json(_ device: Device) -> JSON {
  var members: [String: JSON] = ["device_id": .string(device.id)]
  if let name = device.displayName { members["display_name"] = .string(name) }
  if let address = device.lastSeenIP { members["last_seen_ip"] = .string(address) }
  if let time = device.lastSeenAt { members["last_seen_ts"] = .integer(time) }
  return .object(members)
}
