/// Why a text is not the JSON that was asked for. Offsets are in bytes from the start of the text;
/// nothing of the text itself is kept.
package enum JSONError: Error, Sendable, Equatable {
  case tooLarge(limit: Int)
  case tooDeep(offset: Int)
  case unexpectedEnd
  case unexpectedByte(offset: Int)
  case invalidUTF8(offset: Int)
  case invalidEscape(offset: Int)
  /// An escaped half of a surrogate pair without its other half.
  case loneSurrogate(offset: Int)
  case invalidNumber(offset: Int)
  /// A number beyond the range of a double.
  case numberOutOfRange(offset: Int)
  case repeatedKey(offset: Int)
  /// Canonical JSON has only integers in ±(2^53-1). No offset for a value that was built.
  case notCanonicalNumber(offset: Int?)
}

extension JSONError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .tooLarge(let limit): "JSON text is longer than \(limit) bytes"
    case .tooDeep(let offset): "JSON is nested too deeply at byte \(offset)"
    case .unexpectedEnd: "JSON text ends too early"
    case .unexpectedByte(let offset): "JSON syntax error at byte \(offset)"
    case .invalidUTF8(let offset): "invalid UTF-8 at byte \(offset)"
    case .invalidEscape(let offset): "invalid escape in a JSON string at byte \(offset)"
    case .loneSurrogate(let offset): "unpaired surrogate in a JSON string at byte \(offset)"
    case .invalidNumber(let offset): "invalid JSON number at byte \(offset)"
    case .numberOutOfRange(let offset): "JSON number out of range at byte \(offset)"
    case .repeatedKey(let offset): "repeated JSON key at byte \(offset)"
    case .notCanonicalNumber(let offset?):
      "number at byte \(offset) is not an integer within the range of canonical JSON"
    case .notCanonicalNumber(nil):
      "number is not an integer within the range of canonical JSON"
    }
  }
}
