import MatrixIdentifiers
import MatrixJSON
import Postgres
package import Streams

/// What the writer of the account data stream does when it is called.
package struct AccountDataOwner: Sendable {
  static let put = "put"
  static let changeTag = "change_tag"
  /// Tags of one room and user.
  static let tagLimit = 100

  private let committer: StreamCommitter<AccountDataRow>
  private let writer: WriterID

  package init(committer: StreamCommitter<AccountDataRow>, writer: WriterID) {
    self.committer = committer
    self.writer = writer
  }

  package func register(in owner: LocalOwner) {
    owner.register(.accountData, Self.put) { body throws(OwnerError) in
      try await put(try decode(body) { try AccountDataRow($0) })
    }
    owner.register(.accountData, Self.changeTag) { body throws(OwnerError) in
      try await change(try decode(body) { try TagChange($0) })
    }
  }

  private func put(_ row: AccountDataRow) async throws(OwnerError) -> [UInt8] {
    try await committer.commit(
      StreamChange { _, positions in outcome(row, at: positions[0]) })
  }

  private func change(_ change: TagChange) async throws(OwnerError) -> [UInt8] {
    let known = AccountDataStore.contentQuery(
      of: change.userID, room: change.roomID, type: TagChange.type)
    return try await committer.commit(
      StreamChange(subject: change.userID.text, reads: [known]) { read, positions in
        let tags = read[0].count > 0 ? read[0].bytes(0, 0) : nil
        guard let content = try change.applied(to: tags, limit: Self.tagLimit) else {
          return .unchanged()
        }
        return outcome(
          AccountDataRow(
            userID: change.userID, roomID: change.roomID, type: TagChange.type, content: content),
          at: positions[0])
      })
  }

  private func outcome(_ row: AccountDataRow, at position: Int64) -> StreamOutcome<AccountDataRow> {
    StreamOutcome(
      writes: [AccountDataStore.upsert(row, at: position, by: writer)],
      rows: [StreamRow(position: position, row: row)])
  }

  private func decode<Value>(
    _ body: [UInt8], _ read: (JSONView) throws -> Value
  ) throws(OwnerError) -> Value {
    do {
      return try read(try JSONDocument(body).root)
    } catch {
      throw .unavailable(reason: "the call cannot be read")
    }
  }
}
