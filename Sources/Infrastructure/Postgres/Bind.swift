/// A parameter's value. The kind fixes the parameter's SQL type, which is given per case:
/// compare and insert into columns of that type or cast in the SQL (`$1::int`).
package enum Bind: Sendable {
  /// bigint
  case int(Int64?)
  /// text
  case text(String?)
  /// bytea
  case bytes([UInt8]?)
  /// boolean
  case bool(Bool?)
  /// double precision
  case double(Double?)
  /// bigint[]
  case ints([Int64])
  /// bigint[]
  case nullableInts([Int64?])
  /// text[]
  case texts([String])
  /// text[]
  case nullableTexts([String?])
  /// bytea[]
  case byteArrays([[UInt8]])
  /// bytea[]
  case nullableByteArrays([[UInt8]?])
  /// boolean[]
  case bools([Bool])
}

/// The object identifiers of the types this layer speaks, from Postgres's `pg_type`.
enum TypeID {
  static let bool: UInt32 = 16
  static let bytea: UInt32 = 17
  static let int8: UInt32 = 20
  static let int2: UInt32 = 21
  static let int4: UInt32 = 23
  static let text: UInt32 = 25
  static let oid: UInt32 = 26
  static let float4: UInt32 = 700
  static let float8: UInt32 = 701
  static let boolArray: UInt32 = 1000
  static let byteaArray: UInt32 = 1001
  static let textArray: UInt32 = 1009
  static let int8Array: UInt32 = 1016
  static let xid8: UInt32 = 5069
}

extension Bind {
  var typeID: UInt32 {
    switch self {
    case .int: TypeID.int8
    case .text: TypeID.text
    case .bytes: TypeID.bytea
    case .bool: TypeID.bool
    case .double: TypeID.float8
    case .ints, .nullableInts: TypeID.int8Array
    case .texts, .nullableTexts: TypeID.textArray
    case .byteArrays, .nullableByteArrays: TypeID.byteaArray
    case .bools: TypeID.boolArray
    }
  }
}
