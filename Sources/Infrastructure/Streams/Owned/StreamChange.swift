package import Postgres

/// One change of a stream, as its owner commits it together with others.
package struct StreamChange<Row: Sendable>: Sendable {
  /// Decides, from what was read in the same transaction and the positions it may use.
  /// - Throws: `OwnerError.refused`, which leaves other changes of the batch alone.
  package typealias Decide =
    @Sendable (_ read: [Rows], _ positions: [Int64]) throws ->
    StreamOutcome<Row>

  /// Changes of one subject (a user, a room) are never in one batch, as each must see what the
  /// one before it wrote; nil when the change reads nothing.
  let subject: String?
  let reads: [Query]
  /// The most positions that `decide` uses.
  let rowLimit: Int
  let decide: Decide

  package init(
    subject: String? = nil, reads: [Query] = [], rowLimit: Int = 1, decide: @escaping Decide
  ) {
    self.subject = subject
    self.reads = reads
    self.rowLimit = rowLimit
    self.decide = decide
  }
}

/// What a change writes, and what its caller is told.
package struct StreamOutcome<Row: Sendable>: Sendable {
  let writes: [Query]
  /// In order of position. Each must be found again by the stream's `fetch`.
  let rows: [StreamRow<Row>]
  /// A JSON object.
  let answer: [UInt8]

  package init(writes: [Query], rows: [StreamRow<Row>], answer: [UInt8] = Array("{}".utf8)) {
    self.writes = writes
    self.rows = rows
    self.answer = answer
  }

  /// Nothing has to change.
  package static func unchanged(answer: [UInt8] = Array("{}".utf8)) -> Self {
    Self(writes: [], rows: [], answer: answer)
  }
}
