extension JSON {
  /// Compact text with sorted keys and the shortest escapes: canonical JSON, but for numbers that
  /// this does not allow. A double that is not finite becomes null.
  package var bytes: [UInt8] {
    var writer = JSONWriter()
    writer.value(self)
    return writer.bytes
  }

  /// A number that canonical JSON does not allow.
  fileprivate var hasForeignNumber: Bool {
    switch self {
    case .null, .bool, .string: false
    case .double: true
    case .integer(let value): value.magnitude > JSONParser.largestInteger
    case .array(let elements): elements.contains(where: \.hasForeignNumber)
    case .object(let members): members.values.contains(where: \.hasForeignNumber)
    }
  }
}

/// spec: appendices#canonical-json
/// - Throws: `.notCanonicalNumber` for doubles and integers beyond ±(2^53-1).
package func canonicalJSON(_ value: JSON) throws(JSONError) -> [UInt8] {
  if value.hasForeignNumber { throw .notCanonicalNumber(offset: nil) }
  return value.bytes
}

extension JSONWriter {
  /// Keys in the order of their code points.
  package mutating func value(_ value: JSON) {
    switch value {
    case .null: null()
    case .bool(let value): bool(value)
    case .integer(let value): integer(value)
    case .double(let value): double(value)
    case .string(let value): string(value)
    case .array(let elements):
      beginArray()
      for element in elements { self.value(element) }
      endArray()
    case .object(let members):
      beginObject()
      let keys = members.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
      for key in keys {
        guard let member = members[key] else { continue }
        self.key(key)
        self.value(member)
      }
      endObject()
    }
  }
}
