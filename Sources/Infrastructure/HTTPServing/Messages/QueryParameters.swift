/// A request's query string, checked once and decoded only where it is looked at.
package struct QueryParameters: Sendable {
  private let raw: String

  static let empty = QueryParameters(unchecked: "")

  private init(unchecked raw: String) {
    self.raw = raw
  }

  /// Nil when a part of it is not decodable.
  init?(_ raw: String) {
    self.raw = raw
    var valid = true
    scan { key, value in
      valid =
        PercentEncoding.decode(key, plusIsSpace: true) != nil
        && PercentEncoding.decode(value, plusIsSpace: true) != nil
      return valid
    }
    guard valid else { return nil }
  }

  /// The first value under the key.
  package subscript(_ key: String) -> String? {
    var found: String?
    scan { candidate, value in
      guard Self.matches(candidate, key) else { return true }
      found = PercentEncoding.decode(value, plusIsSpace: true)
      return false
    }
    return found
  }

  /// Every value under the key, in the order of the query.
  package func all(_ key: String) -> [String] {
    var found: [String] = []
    scan { candidate, value in
      if Self.matches(candidate, key),
        let text = PercentEncoding.decode(value, plusIsSpace: true)
      {
        found.append(text)
      }
      return true
    }
    return found
  }

  package var isEmpty: Bool { raw.isEmpty }

  /// - Throws: `M_MISSING_PARAM`.
  package func required(_ key: String) throws(MatrixError) -> String {
    guard let value = self[key] else { throw .missingParam(key) }
    return value
  }

  /// - Throws: `M_INVALID_PARAM` when the value is no integer or outside `range`.
  package func integer(
    _ key: String, range: ClosedRange<Int64> = Int64.min...Int64.max
  ) throws(MatrixError) -> Int64? {
    guard let text = self[key] else { return nil }
    guard let value = Int64(text), range.contains(value) else {
      throw .invalidParam("Query parameter \(key) must be an integer in its range")
    }
    return value
  }

  /// - Throws: `M_INVALID_PARAM` when the value is no integer or outside `range`.
  package func integer(
    _ key: String, default fallback: Int64, range: ClosedRange<Int64>
  ) throws(MatrixError) -> Int64 {
    try integer(key, range: range) ?? fallback
  }

  /// - Throws: `M_INVALID_PARAM` when the value is neither `true` nor `false`.
  package func bool(_ key: String, default fallback: Bool) throws(MatrixError) -> Bool {
    switch self[key] {
    case nil: return fallback
    case "true": return true
    case "false": return false
    default: throw .invalidParam("Query parameter \(key) must be true or false")
    }
  }

  /// - Throws: `M_INVALID_PARAM` when the value is none of the enum's.
  package func choice<Value: RawRepresentable<String>>(
    _ key: String, default fallback: Value
  ) throws(MatrixError) -> Value {
    guard let text = self[key] else { return fallback }
    guard let value = Value(rawValue: text) else {
      throw .invalidParam("Query parameter \(key) has an unknown value")
    }
    return value
  }

  private static func matches(_ candidate: UnsafeRawBufferPointer, _ key: String) -> Bool {
    let special = candidate.contains { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "+") }
    guard special else { return candidate.elementsEqual(key.utf8) }
    return PercentEncoding.decode(candidate, plusIsSpace: true) == key
  }

  /// Visits the undecoded pairs until the visitor returns false.
  private func scan(
    _ visit: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Bool
  ) {
    guard !raw.isEmpty else { return }
    _ = raw.utf8.withContiguousStorageIfAvailable { utf8 in
      let bytes = UnsafeRawBufferPointer(utf8)
      var start = 0
      while start < bytes.count {
        let pair = UnsafeRawBufferPointer(rebasing: bytes[start...].prefix { $0 != Self.ampersand })
        start += pair.count + 1
        guard !pair.isEmpty else { continue }
        let split = pair.firstIndex(of: Self.equals) ?? pair.count
        let key = UnsafeRawBufferPointer(rebasing: pair[..<split])
        let value = UnsafeRawBufferPointer(rebasing: pair[min(split + 1, pair.count)...])
        guard visit(key, value) else { return }
      }
    }
  }

  private static let ampersand = UInt8(ascii: "&")
  private static let equals = UInt8(ascii: "=")
}
