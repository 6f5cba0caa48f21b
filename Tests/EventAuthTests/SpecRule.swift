import RoomEvents

/// One line of `RuleList`.
struct SpecRule: Sendable {
  enum Outcome: String, Sendable {
    case allow
    case refuse
  }

  let name: String
  let outcome: Outcome
  /// Number by room version; versions without the rule have none.
  let numbers: [RoomVersion: String]

  /// Nil when the version has no such rule.
  func anchor(in version: RoomVersion) -> String? {
    numbers[version].map { "rooms/v\(version)#authorisation-rules \($0)" }
  }

  static let all: [SpecRule] = {
    let lines = RuleList.text.split(separator: "\n").map { line in
      line.split(separator: " ").map(String.init)
    }
    let columns = lines[0].dropFirst(2).map(versions)
    return lines.dropFirst().compactMap { SpecRule($0, columns) }
  }()

  static func named(_ name: String, _ outcome: Outcome) -> SpecRule? {
    all.first { $0.name == name && $0.outcome == outcome }
  }

  private init?(_ fields: [String], _ columns: [[RoomVersion]]) {
    guard fields.count == columns.count + 2, let outcome = Outcome(rawValue: fields[1]) else {
      return nil
    }
    var numbers: [RoomVersion: String] = [:]
    var number = fields[2]
    for (field, versions) in zip(fields.dropFirst(2), columns) {
      if field != "=" { number = field }
      for version in versions where number != "-" { numbers[version] = number }
    }
    name = fields[0]
    self.outcome = outcome
    self.numbers = numbers
  }

  private static func versions(_ column: String) -> [RoomVersion] {
    let bounds = column.split(separator: "-").compactMap { Int($0) }
    guard let first = bounds.first, let last = bounds.last else { return [] }
    return [RoomVersion].within(first...last)
  }
}

extension [RoomVersion] {
  static func within(_ numbers: ClosedRange<Int>) -> [RoomVersion] {
    numbers.compactMap { RoomVersion(id: String($0)) }
  }

  static func upTo(_ last: Int) -> [RoomVersion] { within(1...last) }
  static func from(_ first: Int) -> [RoomVersion] { within(first...12) }
}
