/// A slow and obvious JSON reader over Unicode scalars, to judge the real one by.
indirect enum Reference {
  case scalar(String)
  case number(String)
  case string([Unicode.Scalar])
  case array([Reference])
  case object([(key: [Unicode.Scalar], value: Reference)])

  /// Nil when the bytes are not JSON.
  static func parse(_ bytes: [UInt8]) -> Reference? {
    guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
    var reader = ReferenceReader(rest: Array(text.unicodeScalars)[...])
    guard let value = reader.value() else { return nil }
    reader.skip()
    return reader.rest.isEmpty ? value : nil
  }

  /// Nil when a number is none of canonical JSON.
  var canonical: String? {
    switch self {
    case .scalar(let word): return word
    case .number(let text):
      guard let value = Int64(text), abs(value) < 1 << 53 else { return nil }
      return "\(value)"
    case .string(let scalars): return Self.quote(scalars)
    case .array(let elements):
      let parts = elements.compactMap(\.canonical)
      return parts.count < elements.count ? nil : "[" + parts.joined(separator: ",") + "]"
    case .object(let members):
      var last: [[Unicode.Scalar]: Reference] = [:]
      for member in members { last[member.key] = member.value }
      let sorted = last.sorted { $0.key.lexicographicallyPrecedes($1.key) }
      let parts = sorted.compactMap { key, value in
        value.canonical.map { Self.quote(key) + ":" + $0 }
      }
      return parts.count < sorted.count ? nil : "{" + parts.joined(separator: ",") + "}"
    }
  }

  var hasRepeatedKeys: Bool {
    switch self {
    case .scalar, .number, .string: false
    case .array(let elements): elements.contains(where: \.hasRepeatedKeys)
    case .object(let members):
      Set(members.map(\.key)).count < members.count
        || members.contains(where: \.value.hasRepeatedKeys)
    }
  }

  private static func quote(_ scalars: [Unicode.Scalar]) -> String {
    var result = String.UnicodeScalarView()
    for scalar in scalars {
      switch scalar {
      case "\"", "\\": result.append(contentsOf: ["\\", scalar])
      case "\u{8}": result.append(contentsOf: "\\b".unicodeScalars)
      case "\t": result.append(contentsOf: "\\t".unicodeScalars)
      case "\n": result.append(contentsOf: "\\n".unicodeScalars)
      case "\u{C}": result.append(contentsOf: "\\f".unicodeScalars)
      case "\r": result.append(contentsOf: "\\r".unicodeScalars)
      case "\0"..."\u{1F}":
        let digits = String(scalar.value, radix: 16)
        let zeros = String(repeating: "0", count: 4 - digits.count)
        result.append(contentsOf: "\\u\(zeros)\(digits)".unicodeScalars)
      default: result.append(scalar)
      }
    }
    return "\"" + String(result) + "\""
  }
}

private struct ReferenceReader {
  var rest: ArraySlice<Unicode.Scalar>

  mutating func skip() {
    rest = rest.drop { [" ", "\t", "\n", "\r"].contains($0) }
  }

  mutating func take(_ word: String) -> Bool {
    guard rest.starts(with: word.unicodeScalars) else { return false }
    rest = rest.dropFirst(word.unicodeScalars.count)
    return true
  }

  mutating func takeAfterSpace(_ word: String) -> Bool {
    skip()
    return take(word)
  }

  mutating func value() -> Reference? {
    skip()
    for word in ["null", "true", "false"] where take(word) { return .scalar(word) }
    switch rest.first {
    case "\"": return string().map(Reference.string)
    case "[": return array()
    case "{": return object()
    default: return number()
    }
  }

  mutating func array() -> Reference? {
    var elements: [Reference] = []
    guard take("[") else { return nil }
    if takeAfterSpace("]") { return .array([]) }
    repeat {
      guard let element = value() else { return nil }
      elements.append(element)
    } while takeAfterSpace(",")
    return takeAfterSpace("]") ? .array(elements) : nil
  }

  mutating func object() -> Reference? {
    var members: [(key: [Unicode.Scalar], value: Reference)] = []
    guard take("{") else { return nil }
    if takeAfterSpace("}") { return .object([]) }
    repeat {
      skip()
      guard let key = string(), takeAfterSpace(":"), let value = value() else { return nil }
      members.append((key, value))
    } while takeAfterSpace(",")
    return takeAfterSpace("}") ? .object(members) : nil
  }

  mutating func number() -> Reference? {
    let text = String(
      String.UnicodeScalarView(rest.prefix { "+-.eE0123456789".unicodeScalars.contains($0) }))
    guard text.wholeMatch(of: /-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/) != nil,
      Double(text)?.isFinite == true
    else { return nil }
    rest = rest.dropFirst(text.unicodeScalars.count)
    return .number(text)
  }

  mutating func string() -> [Unicode.Scalar]? {
    guard take("\"") else { return nil }
    var units: [UInt16] = []
    while let scalar = rest.popFirst() {
      switch scalar {
      case "\"":
        guard let text = String(validating: units, as: UTF16.self) else { return nil }
        return Array(text.unicodeScalars)
      case "\\":
        guard let unit = escape() else { return nil }
        units.append(unit)
      case "\0"..."\u{1F}": return nil
      default: units.append(contentsOf: UTF16.encode(scalar).map(Array.init) ?? [])
      }
    }
    return nil
  }

  mutating func escape() -> UInt16? {
    guard let letter = rest.popFirst() else { return nil }
    let single: [Unicode.Scalar: UInt16] = [
      "\"": 0x22, "\\": 0x5C, "/": 0x2F, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9,
    ]
    guard letter == "u" else { return single[letter] }
    let digits = rest.prefix(4)
    rest = rest.dropFirst(4)
    guard digits.count == 4, digits.allSatisfy(\.properties.isASCIIHexDigit) else { return nil }
    return UInt16(String(String.UnicodeScalarView(digits)), radix: 16)
  }
}
