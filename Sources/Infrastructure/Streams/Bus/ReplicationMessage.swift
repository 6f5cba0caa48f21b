/// What processes tell each other. All of it is hints: the database has the truth.
package enum ReplicationMessage: Sendable, Equatable {
  /// All rows of the writer in `(previous, position]`; `rows` is a JSON array of
  /// `[position, row]`.
  case rows(
    stream: StreamName, writer: WriterID, previous: Int64, position: Int64, rows: [UInt8])
  /// The writer has come to `position` and has no rows in `(previous, position]`. When both are
  /// equal it says nothing about rows: who is behind has to look in the database.
  case position(stream: StreamName, writer: WriterID, previous: Int64, position: Int64)
  /// The instance has just joined: every writer answers with its position.
  case replicate(instance: String)
  case invalidate(cache: CacheName, keys: [String])
}
