import MatrixIdentifiers
import MatrixJSON
import Postgres
package import Streams

/// What a writer of the to-device stream does when it is called.
package struct DeviceMessageOwner: Sendable {
  static let send = "send"

  private let committer: StreamCommitter<DeviceMessageRow>
  private let writer: WriterID

  package init(committer: StreamCommitter<DeviceMessageRow>, writer: WriterID) {
    self.committer = committer
    self.writer = writer
  }

  package func register(in owner: LocalOwner) {
    owner.register(.toDevice, Self.send) { body throws(OwnerError) in
      let transaction: DeviceMessageTransaction
      do {
        transaction = try DeviceMessageTransaction(try JSONDocument(body).root)
      } catch {
        throw .unavailable(reason: "the call cannot be read")
      }
      return try await send(transaction)
    }
  }

  /// A request that comes again while the first is under way is decided after it, and finds it
  /// done.
  private func send(_ transaction: DeviceMessageTransaction) async throws(OwnerError) -> [UInt8] {
    let subject =
      "\(transaction.sender) \(transaction.deviceID ?? "") \(transaction.type) \(transaction.id)"
    let reads = [
      DeviceMessageStore.isDone(transaction),
      DeviceMessageStore.devices(of: Set(transaction.messages.map(\.recipient))),
    ]
    return try await committer.commit(
      StreamChange(subject: subject, reads: reads) { read, positions in
        guard read[0].isEmpty else { return .unchanged() }
        let plan = try DeliveryPlan(transaction, to: DeviceMessageStore.knownDevices(read[1]))
        let done = DeviceMessageStore.noteDone(transaction)
        guard !plan.inboxes.isEmpty else { return StreamOutcome(writes: [done], rows: []) }
        let position = positions[0]
        return StreamOutcome(
          writes: [done, DeviceMessageStore.insert(plan, at: position, by: writer)],
          rows: [StreamRow(position: position, row: DeviceMessageRow(devices: plan.devices))])
      })
  }
}
