package import MatrixJSON

/// A row and its place in the stream.
package struct StreamRow<Row: Sendable>: Sendable {
  package let position: Int64
  package let row: Row

  package init(position: Int64, row: Row) {
    self.position = position
    self.row = row
  }
}

extension StreamRow: Equatable where Row: Equatable {}

/// All rows of one writer in `(previous, position]`, in order.
package struct StreamBatch<Row: Sendable>: Sendable {
  package let writer: WriterID
  package let previous: Int64
  package let position: Int64
  package let rows: [StreamRow<Row>]

  package init(writer: WriterID, previous: Int64, position: Int64, rows: [StreamRow<Row>]) {
    self.writer = writer
    self.previous = previous
    self.position = position
    self.rows = rows
  }
}

extension StreamBatch: Equatable where Row: Equatable {}

/// What the shared machinery must know of one stream.
package struct StreamDefinition<Row: Sendable>: Sendable {
  /// Rows of one writer in `(after, upTo]`, by position, the first `limit` of them.
  package typealias Fetch =
    @Sendable (_ writer: WriterID, _ after: Int64, _ upTo: Int64, _ limit: Int) async throws ->
    [StreamRow<Row>]

  package let name: StreamName
  /// The row as one JSON value.
  package let encode: @Sendable (Row) -> [UInt8]
  package let decode: @Sendable (JSONView) throws -> Row
  package let fetch: Fetch

  package init(
    name: StreamName, encode: @escaping @Sendable (Row) -> [UInt8],
    decode: @escaping @Sendable (JSONView) throws -> Row, fetch: @escaping Fetch
  ) {
    self.name = name
    self.encode = encode
    self.decode = decode
    self.fetch = fetch
  }
}

extension StreamDefinition {
  /// Rows of one look-up.
  static var pageLimit: Int { 500 }

  /// The first rows of a gap, and the position up to which they are all there is.
  func page(of gap: StreamGap) async throws -> (rows: [StreamRow<Row>], reached: Int64) {
    let rows = try await fetch(gap.writer, gap.after, gap.upTo, Self.pageLimit)
    guard rows.count >= Self.pageLimit, let last = rows.last else { return (rows, gap.upTo) }
    return (rows, last.position)
  }
}
