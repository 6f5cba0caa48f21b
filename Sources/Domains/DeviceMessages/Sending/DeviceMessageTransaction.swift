package import MatrixIdentifiers
import MatrixJSON

/// One message of a request, for one device or for all devices of a user.
package struct DeviceMessage: Sendable, Equatable {
  package let recipient: UserID
  /// Nil for all devices.
  package let deviceID: String?
  /// A JSON object.
  package let content: [UInt8]

  package init(to recipient: UserID, deviceID: String?, content: [UInt8]) {
    self.recipient = recipient
    self.deviceID = deviceID
    self.content = content
  }
}

/// What one request sends, under the id by which its repetitions are known.
package struct DeviceMessageTransaction: Sendable, Equatable {
  package let sender: UserID
  /// Nil for tokens that belong to no device.
  package let deviceID: String?
  package let type: String
  package let id: String
  package let messages: [DeviceMessage]

  package init(
    sender: UserID, deviceID: String?, type: String, id: String, messages: [DeviceMessage]
  ) {
    self.sender = sender
    self.deviceID = deviceID
    self.type = type
    self.id = id
    self.messages = messages
  }

  /// The message as its receiver is told of it.
  /// spec: client-server-api#extensions-to-sync
  func event(_ content: [UInt8]) -> [UInt8] {
    var writer = JSONWriter(capacity: content.count + type.utf8.count + sender.text.utf8.count + 40)
    writer.beginObject()
    writer.key("content")
    writer.raw(content)
    writer.key("sender")
    writer.string(sender.text)
    writer.key("type")
    writer.string(type)
    writer.endObject()
    return writer.bytes
  }
}

// The form in calls to the owner; a message is a list of its user, its device or null, and its
// content.
extension DeviceMessageTransaction {
  struct Malformed: Error {}

  var encoded: [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    if let deviceID {
      writer.key("device")
      writer.string(deviceID)
    }
    writer.key("id")
    writer.string(id)
    writer.key("messages")
    writer.beginArray()
    for message in messages {
      writer.beginArray()
      writer.string(message.recipient.text)
      if let device = message.deviceID { writer.string(device) } else { writer.null() }
      writer.raw(message.content)
      writer.endArray()
    }
    writer.endArray()
    writer.key("sender")
    writer.string(sender.text)
    writer.key("type")
    writer.string(type)
    writer.endObject()
    return writer.bytes
  }

  init(_ json: JSONView) throws {
    guard let sender = json["sender"]?.string.flatMap({ UserID($0) }),
      let type = json["type"]?.string, let id = json["id"]?.string, let list = json["messages"]
    else { throw Malformed() }
    self.init(
      sender: sender, deviceID: json["device"]?.string, type: type, id: id,
      messages: try list.elements.map { entry in
        guard let recipient = entry[0]?.string.flatMap({ UserID($0) }), let content = entry[2]
        else { throw Malformed() }
        return DeviceMessage(
          to: recipient, deviceID: entry[1]?.string, content: Array(content.rawBytes))
      })
  }
}
