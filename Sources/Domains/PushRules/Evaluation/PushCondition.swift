import MatrixIdentifiers
import MatrixJSON

/// A condition of a user's rule, ready to be checked.
///
/// spec: client-server-api#conditions-1
enum PushCondition: Sendable, Equatable {
  /// A value that is no object and no array.
  enum Scalar: Sendable, Equatable {
    case null
    case bool(Bool)
    case integer(Int64)
    case string(String)

    /// Nil for other values, also for numbers that canonical JSON does not have.
    init?(_ view: JSONView) {
      switch view.kind {
      case .null: self = .null
      case .bool: self = .bool(view.bool ?? false)
      case .string: self = .string(view.string ?? "")
      case .number:
        guard let integer = view.integer else { return nil }
        self = .integer(integer)
      case .array, .object: return nil
      }
    }

    func isSame(as view: JSONView) -> Bool {
      switch self {
      case .null: view.isNull
      case .bool(let value): view.bool == value
      case .integer(let value): view.integer == value
      case .string(let value): view.stringEquals(value)
      }
    }
  }

  enum Comparison: String, Sendable, CaseIterable {
    case equal = "=="
    case atMost = "<="
    case atLeast = ">="
    case less = "<"
    case greater = ">"
  }

  case eventMatch(PropertyPath, GlobPattern)
  case propertyIs(PropertyPath, Scalar)
  case propertyContains(PropertyPath, Scalar)
  case containsDisplayName
  case memberCount(Comparison, Int)
  case senderPermission(String)
  /// Of a kind that is not known, or malformed: it is never fulfilled.
  case never

  init(_ view: JSONView) {
    self = Self.parse(view) ?? .never
  }

  private static func parse(_ view: JSONView) -> PushCondition? {
    let path = view["key"]?.string.flatMap { PropertyPath($0) }
    switch view["kind"]?.string {
    case "event_match":
      guard let path, let pattern = view["pattern"]?.string else { return nil }
      return .eventMatch(path, GlobPattern(pattern))
    case "event_property_is":
      guard let path, let value = view["value"].flatMap({ Scalar($0) }) else { return nil }
      return .propertyIs(path, value)
    case "event_property_contains":
      guard let path, let value = view["value"].flatMap({ Scalar($0) }) else { return nil }
      return .propertyContains(path, value)
    case "contains_display_name":
      return .containsDisplayName
    case "room_member_count":
      return view["is"]?.string.flatMap(memberCount)
    case "sender_notification_permission":
      return view["key"]?.string.map { .senderPermission($0) }
    default:
      return nil
    }
  }

  private static func memberCount(_ text: String) -> PushCondition? {
    let comparison = Comparison.allCases.first { text.hasPrefix($0.rawValue) }
    let digits = text.dropFirst(comparison?.rawValue.count ?? 0)
    guard !digits.isEmpty, digits.utf8.allSatisfy({ $0 &- UInt8(ascii: "0") < 10 }) else {
      return nil
    }
    // More members than an integer can count are more than any room has.
    return .memberCount(comparison ?? .equal, Int(digits) ?? .max)
  }
}

extension PushCondition.Comparison {
  func holds(_ left: Int, _ right: Int) -> Bool {
    switch self {
    case .equal: left == right
    case .atMost: left <= right
    case .atLeast: left >= right
    case .less: left < right
    case .greater: left > right
    }
  }
}
