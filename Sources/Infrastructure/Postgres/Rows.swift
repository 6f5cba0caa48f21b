import CLibPQ

/// The answer to one statement. Reading a column as another type than it has, or a row or column
/// that is not there, gives nil.
///
/// `@unchecked`: a PGresult is not changed once it has arrived.
package final class Rows: @unchecked Sendable {
  private let result: OpaquePointer
  package let count: Int
  private let columns: Int32

  /// Takes ownership of `result`.
  init(_ result: OpaquePointer) {
    self.result = result
    count = Int(PQntuples(result))
    columns = PQnfields(result)
  }

  deinit {
    PQclear(result)
  }

  package var isEmpty: Bool { count == 0 }

  /// How many rows an INSERT, UPDATE or DELETE touched.
  package var affectedRows: Int {
    guard let text = PQcmdTuples(result) else { return 0 }
    return Int(String(cString: text)) ?? 0
  }

  /// The command that ran, such as `COMMIT`.
  var commandTag: String {
    PQcmdStatus(result).map { String(cString: $0) } ?? ""
  }

  package func isNull(_ row: Int, _ column: Int) -> Bool {
    cell(row, column) == nil
  }

  /// smallint, integer, bigint, oid and xid8.
  package func int(_ row: Int, _ column: Int) -> Int64? {
    withBytes(row, column) { cell -> Int64? in
      switch PQftype(result, Int32(column)) {
      case TypeID.int8, TypeID.xid8: cell.integer(Int64.self)
      case TypeID.int4: cell.integer(Int32.self).map(Int64.init)
      case TypeID.oid: cell.integer(UInt32.self).map(Int64.init)
      case TypeID.int2: cell.integer(Int16.self).map(Int64.init)
      default: nil
      }
    } ?? nil
  }

  /// text, varchar, name and other types whose binary form is their text.
  package func text(_ row: Int, _ column: Int) -> String? {
    withBytes(row, column) { String(decoding: $0, as: UTF8.self) }
  }

  package func bytes(_ row: Int, _ column: Int) -> [UInt8]? {
    withBytes(row, column) { [UInt8]($0) }
  }

  /// The cell's bytes without a copy, valid during `body` only.
  package func withBytes<Value>(
    _ row: Int, _ column: Int, _ body: (UnsafeRawBufferPointer) throws -> Value
  ) rethrows -> Value? {
    guard let cell = cell(row, column) else { return nil }
    return try withExtendedLifetime(self) { try body(cell) }
  }

  package func bool(_ row: Int, _ column: Int) -> Bool? {
    withBytes(row, column) { cell -> Bool? in
      guard PQftype(result, Int32(column)) == TypeID.bool else { return nil }
      return cell.first.map { $0 != 0 }
    } ?? nil
  }

  package func double(_ row: Int, _ column: Int) -> Double? {
    withBytes(row, column) { cell -> Double? in
      switch PQftype(result, Int32(column)) {
      case TypeID.float8: cell.integer(UInt64.self).map(Double.init(bitPattern:))
      case TypeID.float4: cell.integer(UInt32.self).map { Double(Float(bitPattern: $0)) }
      default: nil
      }
    } ?? nil
  }

  /// bigint[]; nil too when an element is NULL.
  package func ints(_ row: Int, _ column: Int) -> [Int64]? {
    elements(row, column, of: TypeID.int8) { $0.integer(Int64.self) }
  }

  /// text[]; nil too when an element is NULL.
  package func texts(_ row: Int, _ column: Int) -> [String]? {
    elements(row, column, of: TypeID.text) { String(decoding: $0, as: UTF8.self) }
  }

  /// bytea[]; nil too when an element is NULL.
  package func byteArrays(_ row: Int, _ column: Int) -> [[UInt8]]? {
    elements(row, column, of: TypeID.bytea) { [UInt8]($0) }
  }

  private func elements<Item>(
    _ row: Int, _ column: Int, of wanted: UInt32,
    _ decode: (UnsafeRawBufferPointer) -> Item?
  ) -> [Item]? {
    withBytes(row, column) { decodeArray($0, of: wanted, decode) } ?? nil
  }

  private func cell(_ row: Int, _ column: Int) -> UnsafeRawBufferPointer? {
    guard row >= 0, row < count, column >= 0, column < Int(columns) else { return nil }
    let (row, column) = (Int32(row), Int32(column))
    guard PQgetisnull(result, row, column) == 0 else { return nil }
    return UnsafeRawBufferPointer(
      start: PQgetvalue(result, row, column), count: Int(PQgetlength(result, row, column)))
  }
}

/// A one-dimensional array in binary form; nil when it is not one, or holds NULL.
private func decodeArray<Item>(
  _ cell: UnsafeRawBufferPointer, of wanted: UInt32,
  _ decode: (UnsafeRawBufferPointer) -> Item?
) -> [Item]? {
  var rest = cell[...]
  func next() -> Int32? {
    let head = UnsafeRawBufferPointer(rebasing: rest.prefix(4))
    rest = rest.dropFirst(4)
    return head.integer(Int32.self)
  }
  guard let dimensions = next(), next() != nil, let type = next(),
    UInt32(bitPattern: type) == wanted
  else { return nil }
  guard dimensions > 0 else { return [] }
  guard dimensions == 1, let count = next(), next() != nil else { return nil }
  var items: [Item] = []
  for _ in 0..<max(count, 0) {
    guard let length = next(), length >= 0, rest.count >= Int(length),
      let item = decode(UnsafeRawBufferPointer(rebasing: rest.prefix(Int(length))))
    else { return nil }
    items.append(item)
    rest = rest.dropFirst(Int(length))
  }
  return items
}

extension UnsafeRawBufferPointer {
  /// The whole buffer as one big-endian integer; nil when its size is another.
  fileprivate func integer<Integer: FixedWidthInteger>(_ type: Integer.Type) -> Integer? {
    guard count == MemoryLayout<Integer>.size else { return nil }
    return Integer(bigEndian: loadUnaligned(as: type))
  }
}
