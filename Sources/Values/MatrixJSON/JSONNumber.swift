/// Numbers that strict canonical JSON does not allow, in the one form that events with such numbers
/// have been hashed in: integers digit by digit, others as the shortest decimal that reads back as
/// the same double, with an exponent below 1e-4 and from 1e16 on.
///
/// spec: appendices#canonical-json, whose example code writes numbers as Python's `json` does
enum JSONNumber {
  /// From this power of ten on, and below the other one, the exponent is written.
  private static let plainPowers = -4..<16
  private static let exponentDigits = 2
  /// Of 2^53-1.
  private static let maximumDigits = 16

  /// - Parameter text: one number, checked by the parser.
  static func write(_ text: ArraySlice<UInt8>, to output: inout [UInt8]) {
    guard text.contains(where: { !isPartOfInteger($0) }) else {
      return output.append(contentsOf: text)
    }
    let value = Double(String(decoding: text, as: UTF8.self)) ?? 0
    if value.sign == .minus { output.append(UInt8(ascii: "-")) }
    let (digits, power) = shortest(value.magnitude)
    if plainPowers.contains(power) {
      writePlain(digits, power, to: &output)
    } else {
      writeScientific(digits, power, to: &output)
    }
  }

  /// The integer in ±(2^53-1) that a number with a fraction or an exponent amounts to, exactly.
  ///
  /// - Parameter text: one number, checked by the parser.
  static func integer(_ text: ArraySlice<UInt8>) -> Int64? {
    let isNegative = text.first == UInt8(ascii: "-")
    let mantissa = text.dropFirst(isNegative ? 1 : 0).prefix { $0 | 0x20 != UInt8(ascii: "e") }
    let whole = mantissa.prefix { $0 != UInt8(ascii: ".") }
    let fraction = mantissa.dropFirst(whole.count + 1)
    var digits = (whole + fraction)[...].drop { $0 == UInt8(ascii: "0") }
    guard !digits.isEmpty else { return 0 }
    // An exponent that needs more than 64 bits belongs to no integer here.
    let exponent = text[mantissa.endIndex...].dropFirst()
    guard var power = exponent.isEmpty ? 0 : Int(String(decoding: exponent, as: UTF8.self))
    else { return nil }
    power = power.subtractingReportingOverflow(fraction.count).partialValue
    while digits.last == UInt8(ascii: "0") {
      digits.removeLast()
      power &+= 1
    }
    guard power >= 0, power <= maximumDigits - digits.count else { return nil }
    digits += repeatElement(UInt8(ascii: "0"), count: power)
    let magnitude = digits.reduce(0) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
    guard magnitude <= JSONParser.largestInteger else { return nil }
    return isNegative ? -magnitude : magnitude
  }

  private static func isPartOfInteger(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "-") || byte &- UInt8(ascii: "0") < 10
  }

  /// The significant digits, and the power of ten of the first of them.
  private static func shortest(_ magnitude: Double) -> (digits: [UInt8], power: Int) {
    let text = Array(magnitude.description.utf8)
    let mantissa = text.prefix { $0 != UInt8(ascii: "e") }
    let exponent = Int(String(decoding: text.dropFirst(mantissa.count + 1), as: UTF8.self)) ?? 0
    let beforePoint = mantissa.prefix { $0 != UInt8(ascii: ".") }.count
    var digits = mantissa.filter { $0 != UInt8(ascii: ".") }
    let leading = digits.prefix { $0 == UInt8(ascii: "0") }.count
    guard leading < digits.count else { return ([UInt8(ascii: "0")], 0) }
    digits.removeFirst(leading)
    while digits.count > 1, digits.last == UInt8(ascii: "0") { digits.removeLast() }
    return (digits, exponent + beforePoint - 1 - leading)
  }

  private static func writePlain(_ digits: [UInt8], _ power: Int, to output: inout [UInt8]) {
    let zero = UInt8(ascii: "0")
    if power < 0 {
      output += [zero, UInt8(ascii: ".")] + [UInt8](repeating: zero, count: -power - 1) + digits
      return
    }
    let whole = digits.prefix(power + 1)
    output += whole + [UInt8](repeating: zero, count: power + 1 - whole.count)
    output.append(UInt8(ascii: "."))
    let rest = digits.dropFirst(power + 1)
    output += rest.isEmpty ? [zero] : rest
  }

  private static func writeScientific(
    _ digits: [UInt8], _ power: Int, to output: inout [UInt8]
  ) {
    output.append(digits[0])
    if digits.count > 1 {
      output.append(UInt8(ascii: "."))
      output += digits.dropFirst()
    }
    output += [UInt8(ascii: "e"), UInt8(ascii: power < 0 ? "-" : "+")]
    let exponent = Array(String(abs(power)).utf8)
    let missing = max(0, exponentDigits - exponent.count)
    output += [UInt8](repeating: UInt8(ascii: "0"), count: missing) + exponent
  }
}
