import MatrixIdentifiers
import MatrixJSON

/// Identity keys of a device, as its stream's owner gets them.
struct IdentityCall: Sendable {
  let user: UserID
  let device: String
  let keys: IdentityKeys

  init(user: UserID, device: String, keys: IdentityKeys) {
    self.user = user
    self.device = device
    self.keys = keys
  }

  init(_ json: JSONView) throws {
    guard let user = json["user"]?.string.flatMap({ UserID($0) }),
      let device = json["device"]?.string, let body = json["body"],
      let signatures = json["signatures"]
    else { throw DeviceListRow.Malformed() }
    self.init(
      user: user, device: device,
      keys: IdentityKeys(
        body: Array(body.rawBytes),
        signatures: Signatures(stored: Array(signatures.rawBytes), by: user)))
  }

  var encoded: [UInt8] {
    var writer = JSONWriter(capacity: keys.body.count + 500)
    writer.beginObject()
    writer.key("body")
    writer.raw(keys.body)
    writer.key("device")
    writer.string(device)
    writer.key("signatures")
    writer.raw(keys.signatures.bytes)
    writer.key("user")
    writer.string(user.text)
    writer.endObject()
    return writer.bytes
  }
}

/// Devices of a user that may have changed.
struct ChangedDevicesCall: Sendable {
  let user: UserID
  let devices: [String]

  init(user: UserID, devices: [String]) {
    self.user = user
    self.devices = devices
  }

  init(_ json: JSONView) throws {
    guard let user = json["user"]?.string.flatMap({ UserID($0) }), let devices = json["devices"]
    else { throw DeviceListRow.Malformed() }
    self.init(user: user, devices: devices.elements.compactMap(\.string))
  }

  var encoded: [UInt8] {
    JSON.object([
      "user": .string(user.text), "devices": .array(devices.map { .string($0) }),
    ]).bytes
  }
}
