import MatrixJSON

func parse(_ text: String, _ limits: JSONLimits = .default) throws(JSONError) -> JSONView {
  try JSONDocument(Array(text.utf8), limits: limits).root
}

func text(_ bytes: some Sequence<UInt8>) -> String {
  String(decoding: Array(bytes), as: UTF8.self)
}

func canonical(
  _ source: String, dropping: Set<String> = [], numbers: CanonicalNumbers = .plainIntegers
) throws -> String {
  text(try canonicalJSON(parse(source), dropping: dropping, numbers: numbers))
}

/// The error of parsing, nil when the text is accepted.
func failure(_ bytes: [UInt8], _ limits: JSONLimits = .default) -> JSONError? {
  do throws(JSONError) {
    _ = try JSONDocument(bytes, limits: limits)
    return nil
  } catch {
    return error
  }
}

func failure(_ source: String, _ limits: JSONLimits = .default) -> JSONError? {
  failure(Array(source.utf8), limits)
}

/// Wraps the bytes of a string's content in quotation marks.
func quoted(_ content: [UInt8]) -> [UInt8] {
  [UInt8(ascii: "\"")] + content + [UInt8(ascii: "\"")]
}

extension JSONLimits {
  static func depth(_ maximum: Int) -> JSONLimits {
    JSONLimits(maximumBytes: 1 << 20, maximumDepth: maximum, rejectsRepeatedKeys: false)
  }

  static let unique = JSONLimits(
    maximumBytes: 1 << 26, maximumDepth: 100, rejectsRepeatedKeys: true)
}
