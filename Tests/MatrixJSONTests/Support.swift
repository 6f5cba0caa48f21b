import MatrixJSON

/// Reproducible pseudo-random numbers (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) {
    state = seed
  }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}

func parse(_ text: String, _ limits: JSONLimits = .default) throws(JSONError) -> JSONView {
  try JSONDocument(Array(text.utf8), limits: limits).root
}

func text(_ bytes: some Sequence<UInt8>) -> String {
  String(decoding: Array(bytes), as: UTF8.self)
}

func canonical(_ source: String, dropping: Set<String> = []) throws -> String {
  text(try canonicalJSON(parse(source), dropping: dropping))
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
