/// Names and label values of the Prometheus text format.
enum PrometheusName {
  /// Turns dots and dashes of foreign labels into underscores; a leading digit gets one too.
  static func clean(_ name: String) -> String {
    guard !isClean(name) else { return name }
    var bytes = name.utf8.map { isAllowed($0) ? $0 : UInt8(ascii: "_") }
    if let first = bytes.first, isDigit(first) { bytes.insert(UInt8(ascii: "_"), at: 0) }
    return bytes.isEmpty ? "_" : String(decoding: bytes, as: UTF8.self)
  }

  private static func isClean(_ name: String) -> Bool {
    guard let first = name.utf8.first else { return false }
    return !isDigit(first) && name.utf8.allSatisfy(isAllowed)
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
  }

  private static func isAllowed(_ byte: UInt8) -> Bool {
    isDigit(byte) || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ":")
      || (byte | 0x20) >= UInt8(ascii: "a") && (byte | 0x20) <= UInt8(ascii: "z")
  }

  /// The label set in braces, its values escaped; empty for no labels.
  static func labelText(_ labels: [(String, String)]) -> String {
    guard !labels.isEmpty else { return "" }
    let pairs = labels.map { name, value in "\(clean(name))=\"\(escape(value))\"" }
    return "{\(pairs.joined(separator: ","))}"
  }

  /// The same set with one more label, for a histogram's buckets.
  static func labelText(_ text: String, adding name: String, _ value: String) -> String {
    let pair = "\(name)=\"\(value)\""
    return text.isEmpty ? "{\(pair)}" : "\(text.dropLast()),\(pair)}"
  }

  private static func escape(_ value: String) -> String {
    var result = ""
    for character in value.unicodeScalars {
      switch character {
      case "\\": result += "\\\\"
      case "\"": result += "\\\""
      case "\n": result += "\\n"
      default: result.unicodeScalars.append(character)
      }
    }
    return result
  }

  static func escapeHelp(_ help: String) -> String {
    help.split(separator: "\n", omittingEmptySubsequences: false).map {
      $0.split(separator: "\\", omittingEmptySubsequences: false).joined(separator: "\\\\")
    }.joined(separator: "\\n")
  }
}
