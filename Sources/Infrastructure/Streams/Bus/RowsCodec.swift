import MatrixJSON

/// The rows of one message: a JSON array of `[position, row]`.
enum RowsCodec {
  /// Rows that need more room are left for the readers to fetch.
  static let maximumBytes = 64 << 10

  struct Malformed: Error {}

  /// Nil when they are longer than the limit.
  static func encode<Row>(
    _ rows: [StreamRow<Row>], with encode: (Row) -> [UInt8]
  ) -> [UInt8]? {
    var bytes = [UInt8(ascii: "[")]
    for row in rows {
      if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
      bytes += Array("[\(row.position),".utf8)
      bytes += encode(row.row)
      bytes.append(UInt8(ascii: "]"))
      guard bytes.count < maximumBytes else { return nil }
    }
    bytes.append(UInt8(ascii: "]"))
    return bytes
  }

  static func decode<Row>(
    _ bytes: [UInt8], with decode: (JSONView) throws -> Row
  ) throws -> [StreamRow<Row>] {
    let list = try JSONDocument(bytes).root
    guard list.kind == .array else { throw Malformed() }
    var rows: [StreamRow<Row>] = []
    for pair in list.elements {
      guard pair.count == 2, let position = pair[0]?.integer, let row = pair[1] else {
        throw Malformed()
      }
      rows.append(StreamRow(position: position, row: try decode(row)))
    }
    return rows
  }
}
