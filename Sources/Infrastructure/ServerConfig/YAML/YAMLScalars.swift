/// Gives plain scalars the types that PyYAML's safe loader gives them (YAML 1.1), because
/// configuration files that are in use were written against it: `on` is true, `0660` is octal,
/// `1_000` is a thousand, while `1e6` and `0o17` are text.
enum YAMLScalars {
  static func resolve(_ text: String) -> YAMLNode.Value {
    switch text {
    case "", "~", "null", "Null", "NULL": return .null
    case "true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON": return .bool(true)
    case "false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF": return .bool(false)
    default: break
    }
    guard let first = text.utf8.first, isNumberStart(first) else { return .string(text) }
    if let number = integer(text) { return .integer(number) }
    if let number = double(text) { return .double(number) }
    return .string(text)
  }

  static func integer(_ text: String) -> Int64? {
    let (negative, digits) = splitSign(text)
    guard let magnitude = magnitude(digits.filter { $0 != "_" }, raw: digits) else { return nil }
    return negative ? -magnitude : magnitude
  }

  static func double(_ text: String) -> Double? {
    let (negative, rest) = splitSign(text)
    switch rest {
    case ".inf", ".Inf", ".INF": return negative ? -Double.infinity : .infinity
    case ".nan", ".NaN", ".NAN": return negative || rest.count != text.count ? nil : .nan
    default: break
    }
    guard let magnitude = rest.contains(":") ? sexagesimalDouble(rest) : decimal(rest)
    else { return nil }
    return negative ? -magnitude : magnitude
  }

  private static func isNumberStart(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"),
      UInt8(ascii: "."):
      true
    default: false
    }
  }

  private static func splitSign(_ text: String) -> (negative: Bool, rest: Substring) {
    guard let first = text.first, first == "-" || first == "+" else { return (false, text[...]) }
    return (first == "-", text.dropFirst())
  }

  private static func magnitude(_ digits: String, raw: Substring) -> Int64? {
    guard let first = raw.utf8.first, isDigit(first) else { return nil }
    if raw.hasPrefix("0b") { return Int64(digits.dropFirst(2), radix: 2) }
    if raw.hasPrefix("0x") { return Int64(digits.dropFirst(2), radix: 16) }
    if raw.contains(":") { return sexagesimal(digits) }
    guard digits.utf8.allSatisfy(isDigit) else { return nil }
    if first == UInt8(ascii: "0"), digits.utf8.count > 1 {
      return Int64(digits.dropFirst(), radix: 8)
    }
    return Int64(digits)
  }

  /// `1:30` is ninety: base 60, as YAML 1.1 has it.
  private static func sexagesimal(_ digits: String) -> Int64? {
    let parts = digits.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count > 1, digits.utf8.first != UInt8(ascii: "0") else { return nil }
    var total: Int64 = 0
    for (index, part) in parts.enumerated() {
      guard part.utf8.allSatisfy(isDigit), let value = Int64(part),
        index == 0 || (part.utf8.count <= 2 && value < 60)
      else { return nil }
      let (product, overflow) = total.multipliedReportingOverflow(by: 60)
      let (sum, carried) = product.addingReportingOverflow(value)
      guard !overflow, !carried else { return nil }
      total = sum
    }
    return total
  }

  private static func sexagesimalDouble(_ text: Substring) -> Double? {
    guard let dot = text.firstIndex(of: ".") else { return nil }
    let fraction = text[text.index(after: dot)...].filter { $0 != "_" }
    guard let whole = sexagesimal(text[..<dot].filter { $0 != "_" }),
      fraction.utf8.allSatisfy(isDigit), let part = Double("0.\(fraction)0")
    else { return nil }
    return Double(whole) + part
  }

  /// Digits with a point; an exponent must have its sign.
  private static func decimal(_ text: Substring) -> Double? {
    let plain = text.filter { $0 != "_" }
    guard plain.contains("."), text.utf8.first != UInt8(ascii: "_") else { return nil }
    let parts = plain.split(
      maxSplits: 1, omittingEmptySubsequences: false, whereSeparator: { $0 == "e" || $0 == "E" })
    let mantissa = parts[0].split(separator: ".", omittingEmptySubsequences: false)
    guard mantissa.count == 2, mantissa.allSatisfy({ $0.utf8.allSatisfy(isDigit) }),
      mantissa.contains(where: { !$0.isEmpty })
    else { return nil }
    if parts.count == 2 {
      let sign = parts[1].first
      guard sign == "-" || sign == "+", parts[1].utf8.count > 1,
        parts[1].dropFirst().utf8.allSatisfy(isDigit)
      else { return nil }
    }
    let exponent = parts.count == 2 ? "e\(parts[1])" : ""
    return Double("0\(mantissa[0]).\(mantissa[1])0\(exponent)")
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }
}
