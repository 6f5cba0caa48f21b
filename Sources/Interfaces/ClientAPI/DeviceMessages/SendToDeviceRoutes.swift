import Accounts
package import DeviceMessages
package import HTTPServing
import MatrixIdentifiers
import MatrixJSON

/// spec: client-server-api#send-to-device-messaging
package func sendToDeviceRoutes(
  _ send: SendToDevice, _ authenticated: Authenticated
) -> [Route] {
  // Bytes: the keys of a large room's session, for every device in it.
  let bodyLimit = 4 << 20
  return [
    Route(
      id: "send_to_device", method: .put,
      patterns: clientPaths("/sendToDevice/{eventType}/{txnId}", [.v3, .r0, .unstable]),
      surface: .client, roles: .clientFacing, balancing: .user, bodyLimit: bodyLimit,
      handler: authenticated(guests: .allowed) { requester, request in
        let messages = try deviceMessages(try request.json().requiredObject("messages"))
        let type = request.path("eventType")
        // Asking other people for keys makes their clients work.
        if type == "m.room_key_request",
          messages.contains(where: { $0.recipient != requester.userID })
        {
          try await authenticated.limiter.check(.keyRequests, of: requester)
        }
        try await send(
          DeviceMessageTransaction(
            sender: requester.userID, deviceID: requester.deviceID, type: type,
            id: request.path("txnId"), messages: messages))
        return .empty
      })
  ]
}

/// Stands for all devices of a user.
private let allDevices = "*"

/// - Parameter json: contents by device by user.
private func deviceMessages(_ json: JSONView) throws(MatrixError) -> [DeviceMessage] {
  var messages: [DeviceMessage] = []
  for (name, devices) in json.members {
    guard let user = UserID(name) else {
      throw .invalidParam("messages has a key that is not a valid user ID")
    }
    guard devices.kind == .object else {
      throw .badJSON("messages must hold an object for each user")
    }
    for (device, content) in devices.members {
      guard content.kind == .object else {
        throw .badJSON("messages must hold an object for each device")
      }
      messages.append(
        DeviceMessage(
          to: user, deviceID: device == allDevices ? nil : device,
          content: Array(content.rawBytes)))
    }
  }
  return messages
}

extension DeviceMessageError: MatrixErrorConvertible {
  package var matrixError: MatrixError {
    switch self {
    case .tooLong(let field, let limit):
      .invalidParam("\(field) is too long: at most \(limit) bytes")
    case .unusableText(let field):
      .invalidParam("\(field) holds a character that is not allowed")
    case .contentTooLarge(let limit):
      .tooLarge("A message is too large: at most \(limit) bytes")
    case .tooManyMessages(let limit):
      .tooLarge("Too many messages at once: at most \(limit)")
    }
  }
}
