/// Writes the parameters of one statement at a time in Postgres's binary form into one reused
/// buffer and lends them out as the arrays that libpq wants.
/// spec: Postgres documentation, "Binary Data Types" of the frontend/backend protocol (array.c,
/// int8.c: all integers big-endian).
struct ParameterBuffer {
  /// Byte 0 is never used, so that an empty value has an address too (null means NULL).
  private var bytes: [UInt8] = [0]
  private var offsets: [Int] = []
  private var lengths: [Int32] = []
  private var formats: [Int32] = []
  private var values: [UnsafePointer<CChar>?] = []

  private static let nullOffset = -1
  private static let binaryFormat: Int32 = 1
  private static let nullLength: Int32 = -1

  typealias Lent = (
    count: Int32, values: UnsafePointer<UnsafePointer<CChar>?>?, lengths: UnsafePointer<Int32>?,
    formats: UnsafePointer<Int32>?
  )

  /// The pointers are valid during `body` only.
  mutating func lend<Value>(_ binds: [Bind], _ body: (Lent) -> Value) -> Value {
    if bytes.count > Limits.retainedParameterBytes { bytes = [0] }
    bytes.removeSubrange(1...)
    offsets.removeAll(keepingCapacity: true)
    lengths.removeAll(keepingCapacity: true)
    values.removeAll(keepingCapacity: true)
    for bind in binds { append(bind) }
    while formats.count < binds.count { formats.append(Self.binaryFormat) }
    return bytes.withUnsafeBytes { buffer in
      let base = buffer.baseAddress?.assumingMemoryBound(to: CChar.self)
      for offset in offsets {
        values.append(offset == Self.nullOffset ? nil : base.map { $0 + offset })
      }
      return values.withUnsafeBufferPointer { values in
        lengths.withUnsafeBufferPointer { lengths in
          formats.withUnsafeBufferPointer { formats in
            body((Int32(binds.count), values.baseAddress, lengths.baseAddress, formats.baseAddress))
          }
        }
      }
    }
  }

  private mutating func append(_ bind: Bind) {
    let start = bytes.count
    let isNull: Bool
    switch bind {
    case .int(let value): isNull = scalar(value) { $0.put($1) }
    case .text(let value): isNull = scalar(value) { $0.put($1) }
    case .bytes(let value): isNull = scalar(value) { $0.bytes.append(contentsOf: $1) }
    case .bool(let value): isNull = scalar(value) { $0.bytes.append($1 ? 1 : 0) }
    case .double(let value): isNull = scalar(value) { $0.put($1.bitPattern) }
    case .ints(let items): isNull = array(items, of: TypeID.int8) { $0.put($1) }
    case .texts(let items): isNull = array(items, of: TypeID.text) { $0.put($1) }
    case .bools(let items): isNull = array(items, of: TypeID.bool) { $0.bytes.append($1 ? 1 : 0) }
    case .byteArrays(let items):
      isNull = array(items, of: TypeID.bytea) { $0.bytes.append(contentsOf: $1) }
    case .nullableInts(let items): isNull = nullableArray(items, of: TypeID.int8) { $0.put($1) }
    case .nullableTexts(let items): isNull = nullableArray(items, of: TypeID.text) { $0.put($1) }
    case .nullableByteArrays(let items):
      isNull = nullableArray(items, of: TypeID.bytea) { $0.bytes.append(contentsOf: $1) }
    }
    offsets.append(isNull ? Self.nullOffset : start)
    lengths.append(isNull ? 0 : Int32(truncatingIfNeeded: bytes.count - start))
  }

  private mutating func scalar<Value>(
    _ value: Value?, _ write: (inout ParameterBuffer, Value) -> Void
  ) -> Bool {
    guard let value else { return true }
    write(&self, value)
    return false
  }

  private mutating func array<Item>(
    _ items: [Item], of type: UInt32, _ write: (inout ParameterBuffer, Item) -> Void
  ) -> Bool {
    arrayHeader(count: items.count, hasNull: false, type: type)
    for item in items { element { write(&$0, item) } }
    return false
  }

  private mutating func nullableArray<Item>(
    _ items: [Item?], of type: UInt32, _ write: (inout ParameterBuffer, Item) -> Void
  ) -> Bool {
    arrayHeader(count: items.count, hasNull: items.contains { $0 == nil }, type: type)
    for item in items {
      if let item { element { write(&$0, item) } } else { put(Self.nullLength) }
    }
    return false
  }

  private mutating func arrayHeader(count: Int, hasNull: Bool, type: UInt32) {
    put(Int32(count == 0 ? 0 : 1))
    put(Int32(hasNull ? 1 : 0))
    put(type)
    guard count > 0 else { return }
    put(Int32(truncatingIfNeeded: count))
    put(Int32(1))
  }

  /// One element, preceded by its length.
  private mutating func element(_ write: (inout ParameterBuffer) -> Void) {
    let lengthAt = bytes.count
    put(Int32(0))
    let start = bytes.count
    write(&self)
    let length = UInt32(truncatingIfNeeded: bytes.count - start)
    for index in 0..<4 {
      bytes[lengthAt + index] = UInt8(truncatingIfNeeded: length >> (24 - 8 * UInt32(index)))
    }
  }

  private mutating func put(_ value: some FixedWidthInteger) {
    withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
  }

  private mutating func put(_ text: String) {
    bytes.append(contentsOf: text.utf8)
  }
}
