package import MatrixIdentifiers
package import Streams

/// Sends messages to devices, past all rooms.
///
/// A request is carried out as a whole by the stream's writer that its sender belongs to, whoever
/// the receivers are: so it is done once, in one transaction, however many writers there are.
/// Messages of one sender come in the order in which they were sent.
///
/// spec: client-server-api#send-to-device-messaging
package struct SendToDevice: Sendable {
  /// Bytes of an event's type and of a transaction's id.
  static let nameLimit = 255
  /// Bytes of one message's content, as of an event.
  static let contentLimit = 64 << 10
  /// Messages of one request.
  static let messageLimit = 10_000

  private let owner: any StreamOwner
  private let serverName: ServerName

  package init(owner: any StreamOwner, serverName: ServerName) {
    self.owner = owner
    self.serverName = serverName
  }

  /// Devices that are not known are passed over.
  /// - Throws: `DeviceMessageError`, `OwnerError`.
  package func callAsFunction(_ transaction: DeviceMessageTransaction) async throws {
    try check(transaction)
    // Users of other servers would be told by their servers.
    let local = transaction.messages.filter { $0.recipient.isOn(serverName) }
    guard !local.isEmpty else { return }
    let sent = DeviceMessageTransaction(
      sender: transaction.sender, deviceID: transaction.deviceID, type: transaction.type,
      id: transaction.id, messages: local)
    _ = try await owner.call(
      OwnerCall(
        stream: .toDevice, action: DeviceMessageOwner.send, key: transaction.sender.text,
        body: sent.encoded))
  }

  private func check(_ transaction: DeviceMessageTransaction) throws(DeviceMessageError) {
    for (name, field) in [(transaction.type, "eventType"), (transaction.id, "txnId")] {
      guard name.utf8.count <= Self.nameLimit else {
        throw .tooLong(field: field, limit: Self.nameLimit)
      }
      guard !name.utf8.contains(0) else { throw .unusableText(field: field) }
    }
    guard transaction.messages.count <= Self.messageLimit else {
      throw .tooManyMessages(limit: Self.messageLimit)
    }
    guard transaction.messages.allSatisfy({ $0.content.count <= Self.contentLimit }) else {
      throw .contentTooLarge(limit: Self.contentLimit)
    }
  }
}
