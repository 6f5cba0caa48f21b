import MatrixJSON
import RoomEvents

extension PowerLevelForm {
  /// The levels that stand alone.
  static let names = [
    "users_default", "events_default", "state_default", "ban", "redact", "kick", "invite",
  ]

  func hasOnlyLevels(_ content: JSONView) -> Bool {
    Self.names.allSatisfy { content[$0] == nil || level(content[$0]) != nil }
  }

  func isTable(_ view: JSONView) -> Bool {
    view.kind == .object && view.members.allSatisfy { level($0.value) != nil }
  }

  /// The level that a value stands for; nil for none, and for what is no level in this form.
  ///
  /// What 64 bits cannot hold counts as the greatest or least that they can.
  func level(_ view: JSONView?) -> Int64? {
    guard let view else { return nil }
    if let integer = view.integer { return integer }
    switch self {
    case .integer: return nil
    case .integerOrText: return view.string.flatMap(Self.level(ofText:))
    case .numberOrText:
      return view.string.flatMap(Self.level(ofText:)) ?? view.wideInteger
        ?? view.double.map(Self.truncated)
    }
  }

  /// spec: rooms/v1#mroompower_levels-events-accept-values-as-strings
  private static func level(ofText text: String) -> Int64? {
    let scalars = text.unicodeScalars
    guard let first = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
      let last = scalars.lastIndex(where: { !$0.properties.isWhitespace })
    else { return nil }
    var digits = scalars[first...last]
    let isNegative = digits.first == "-"
    if isNegative || digits.first == "+" { digits.removeFirst() }
    guard !digits.isEmpty, digits.allSatisfy({ ("0"..."9").contains($0) }) else { return nil }
    return digits.reduce(0) { appending($1, to: $0, isNegative: isNegative) }
  }

  private static func appending(
    _ digit: Unicode.Scalar, to level: Int64, isNegative: Bool
  ) -> Int64 {
    let value = Int64(digit.value) - 0x30
    let limit = isNegative ? Int64.min : .max
    let (shifted, tooLong) = level.multipliedReportingOverflow(by: 10)
    let (sum, tooMuch) = shifted.addingReportingOverflow(isNegative ? -value : value)
    return tooLong || tooMuch ? limit : sum
  }

  /// spec: rooms/v1#mroompower_levels-events-accept-values-as-floats
  private static func truncated(_ number: Double) -> Int64 {
    Int64(exactly: number.rounded(.towardZero)) ?? (number < 0 ? .min : .max)
  }
}
