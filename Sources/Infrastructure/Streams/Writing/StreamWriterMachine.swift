/// Decides what a writer announces. A published position means: everything of this writer up to
/// it is committed or will never be.
///
/// The writer commits one batch at a time: `apus_fence` makes its transactions queue up. Each
/// transaction is an attempt; one whose end nobody reported may have been committed all the same,
/// so after it the writer makes no claims about rows and lets readers look into the database.
package struct StreamWriterMachine<Row: Sendable>: Sendable {
  /// The position from which on, up to `position`, this writer has no rows but published ones.
  package private(set) var quietSince: Int64
  package private(set) var position: Int64

  package init(position: Int64) {
    self.position = position
    quietSince = position
  }

  /// A batch was committed.
  /// - Parameters:
  ///   - rows: in order of position; not empty.
  ///   - attempts: how many transactions were begun since the last committed batch and are not
  ///     known to have written nothing, this one included.
  /// - Returns: what to publish; nothing when readers know of these positions already.
  package mutating func committed(
    _ rows: [StreamRow<Row>], attempts: Int, writer: WriterID
  ) -> StreamBatch<Row>? {
    guard let last = rows.last?.position, last > position else { return nil }
    guard attempts == 1 else { return restarted(at: last, writer: writer) }
    let batch = StreamBatch(writer: writer, previous: quietSince, position: last, rows: rows)
    position = last
    quietSince = last
    return batch
  }

  /// The database moved this writer's position up while it had no transaction under way.
  /// - Parameter attempts: transactions whose end has not been reported yet.
  package mutating func settled(
    at reached: Int64, attempts: Int, writer: WriterID
  ) -> StreamBatch<Row>? {
    guard reached > position else { return nil }
    guard attempts == 0 else { return restarted(at: reached, writer: writer) }
    position = reached
    return StreamBatch(writer: writer, previous: quietSince, position: reached, rows: [])
  }

  /// The writer begins anew at a position up to which nothing is under way; rows before it may
  /// be unknown to readers.
  package mutating func restarted(at start: Int64, writer: WriterID) -> StreamBatch<Row> {
    position = max(position, start)
    quietSince = position
    return StreamBatch(writer: writer, previous: position, position: position, rows: [])
  }
}
