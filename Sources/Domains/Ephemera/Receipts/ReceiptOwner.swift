import MatrixIdentifiers
import MatrixJSON
import Postgres
package import Streams

/// What the writer of the receipts stream does when it is called.
package struct ReceiptOwner: Sendable {
  static let set = "set"

  private let committer: StreamCommitter<Receipt>
  private let writer: WriterID

  package init(committer: StreamCommitter<Receipt>, writer: WriterID) {
    self.committer = committer
    self.writer = writer
  }

  package func register(in owner: LocalOwner) {
    owner.register(.receipts, Self.set) { body throws(OwnerError) in
      guard let receipt = try? Receipt(try JSONDocument(body).root) else {
        throw .unavailable(reason: "the call cannot be read")
      }
      return try await set(receipt)
    }
  }

  /// A receipt never goes back: one for an earlier event than the present one changes nothing.
  private func set(_ receipt: Receipt) async throws(OwnerError) -> [UInt8] {
    try await committer.commit(
      StreamChange(
        subject: "\(receipt.userID.text) \(receipt.roomID.text)",
        reads: [ReceiptStore.placesQuery(receipt)]
      ) { read, positions in
        var receipt = receipt
        receipt.eventOrdering = read[0].int(0, 0)
        if let known = read[0].int(0, 1), let ordering = receipt.eventOrdering, known >= ordering {
          return .unchanged()
        }
        return StreamOutcome(
          writes: [ReceiptStore.upsert(receipt, at: positions[0], by: writer)],
          rows: [StreamRow(position: positions[0], row: receipt)])
      })
  }
}
