/// A checked text and the flat tape of its values; copies share both.
///
/// Strict RFC 8259 in valid UTF-8 without byte order mark. An escaped surrogate must have its other
/// half; `\u0000` is legal.
package struct JSONDocument: Sendable {
  private let storage: JSONStorage

  package init(_ bytes: [UInt8], limits: JSONLimits = .default) throws(JSONError) {
    guard bytes.count <= limits.maximumBytes else {
      throw .tooLarge(limit: limits.maximumBytes)
    }
    let tape = try bytes.withUnsafeBufferPointer {
      (text) throws(JSONError) -> ContiguousArray<TapeEntry> in
      var parser = JSONParser(text, limits: limits)
      return try parser.parse()
    }
    storage = JSONStorage(bytes: bytes, tape: tape, hasUniqueKeys: limits.rejectsRepeatedKeys)
  }

  package var root: JSONView {
    JSONView(storage: storage, index: 0)
  }

  /// The text as it came, with any whitespace around the root.
  package var bytes: [UInt8] {
    storage.bytes
  }
}
