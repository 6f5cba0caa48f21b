import MatrixIdentifiers
package import MatrixJSON

/// Whom messages have come for, as the stream carries it. The messages themselves stay in the
/// database: only the worker that answers the device needs them, and only there is it known what
/// the device has acknowledged elsewhere.
package struct DeviceMessageRow: Sendable, Equatable {
  /// Those of one user stand together.
  package let devices: [DeviceAddress]

  package init(devices: [DeviceAddress]) {
    self.devices = devices
  }
}

// The form on the replication channel: an object of lists of device ids by user.
extension DeviceMessageRow {
  struct Malformed: Error {}

  package var encoded: [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    var user: UserID?
    for device in devices {
      if device.userID != user {
        if user != nil { writer.endArray() }
        user = device.userID
        writer.key(device.userID.text)
        writer.beginArray()
      }
      writer.string(device.deviceID)
    }
    if user != nil { writer.endArray() }
    writer.endObject()
    return writer.bytes
  }

  package init(_ json: JSONView) throws {
    var devices: [DeviceAddress] = []
    for (key, list) in json.members {
      guard let user = UserID(key), list.kind == .array else { throw Malformed() }
      for device in list.elements {
        guard let deviceID = device.string else { throw Malformed() }
        devices.append(DeviceAddress(userID: user, deviceID: deviceID))
      }
    }
    self.init(devices: devices)
  }
}
