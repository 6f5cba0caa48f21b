import MatrixIdentifiers
import Streams

/// A device that exists, and where messages for it wait.
struct KnownDevice: Sendable {
  let address: DeviceAddress
  let inbox: Int64
}

/// Which device gets which message of a request: that which is meant for it by name, else that for
/// all devices of its user. Never more than one.
struct DeliveryPlan: Sendable {
  /// Bytes of all events, each counted for every device that gets it.
  static let volumeLimit = 32 << 20

  private(set) var inboxes: [Int64] = []
  /// For each inbox.
  private(set) var events: [[UInt8]] = []
  private(set) var devices: [DeviceAddress] = []

  /// - Parameter known: the devices of all receivers, those of one user together.
  init(
    _ transaction: DeviceMessageTransaction, to known: [KnownDevice]
  ) throws(OwnerError) {
    var byName: [DeviceAddress: [UInt8]] = [:]
    var byUser: [UserID: [UInt8]] = [:]
    for message in transaction.messages {
      let event = transaction.event(message.content)
      if let device = message.deviceID {
        byName[DeviceAddress(userID: message.recipient, deviceID: device)] = event
      } else {
        byUser[message.recipient] = event
      }
    }
    var volume = 0
    for device in known {
      guard let event = byName[device.address] ?? byUser[device.address.userID] else { continue }
      volume += event.count
      guard volume <= Self.volumeLimit else {
        throw .refused(
          status: 413, code: "M_TOO_LARGE", reason: "The messages reach too many devices at once")
      }
      inboxes.append(device.inbox)
      events.append(event)
      devices.append(device.address)
    }
  }
}
