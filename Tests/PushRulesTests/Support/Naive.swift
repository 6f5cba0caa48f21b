import EventAuth
import MatrixIdentifiers
import MatrixJSON
import RoomEvents

/// Evaluates rules by the letter of the specification, one after the other, on plain trees of
/// JSON: what the fast evaluation is compared with.
struct NaiveEvaluator {
  let event: JSON
  let memberCount: Int
  let senderLevel: Int64
  let notificationLevels: [String: Int64]

  /// - Parameters:
  ///   - ruleset: as a client gets it, under `global`.
  ///   - displayName: of the user in the room.
  /// - Returns: the actions of the first rule that matches; nil without one.
  func actions(_ ruleset: JSON, displayName: String?) -> [JSON]? {
    for kind in ["override", "content", "room", "sender", "underride"] {
      for rule in ruleset[kind]?.array ?? [] where rule["enabled"]?.bool == true {
        if matches(rule, kind, displayName) { return rule["actions"]?.array ?? [] }
      }
    }
    return nil
  }

  private func matches(_ rule: JSON, _ kind: String, _ displayName: String?) -> Bool {
    let id = rule["rule_id"]?.string ?? ""
    // The rules that look for names in the body leave events alone that state their mentions.
    let bodyRules = [
      ".m.rule.contains_display_name", ".m.rule.roomnotif", ".m.rule.contains_user_name",
    ]
    if bodyRules.contains(id), event["content"]?["m.mentions"] != nil { return false }
    switch kind {
    case "content":
      guard let pattern = rule["pattern"]?.string, let body = event["content"]?["body"]?.string
      else { return false }
      return matchesWords(pattern, body)
    case "room": return event["room_id"]?.string == id
    case "sender": return event["sender"]?.string == id
    default:
      return (rule["conditions"]?.array ?? []).allSatisfy { holds($0, displayName) }
    }
  }

  private func holds(_ condition: JSON, _ displayName: String?) -> Bool {
    let key = condition["key"]?.string
    switch condition["kind"]?.string {
    case "event_match":
      guard let key, let pattern = condition["pattern"]?.string,
        let text = property(key)?.string
      else { return false }
      return key == "content.body" ? matchesWords(pattern, text) : matchesWhole(pattern, text)
    case "event_property_is":
      guard let key, let value = condition["value"], isScalar(value) else { return false }
      return property(key) == value
    case "event_property_contains":
      guard let key, let value = condition["value"], isScalar(value) else { return false }
      return property(key)?.array?.contains(value) ?? false
    case "contains_display_name":
      guard let displayName, !displayName.isEmpty, let body = event["content"]?["body"]?.string
      else { return false }
      let escaped = displayName.replacing("*", with: "\u{1}").replacing("?", with: "\u{2}")
      return matchesWords(
        escaped,
        body.replacing("*", with: "\u{1}").replacing("?", with: "\u{2}"))
    case "room_member_count":
      return condition["is"]?.string.map(countHolds) ?? false
    case "sender_notification_permission":
      guard let key else { return false }
      return senderLevel >= notificationLevels[key] ?? 50
    default: return false
    }
  }

  private func countHolds(_ text: String) -> Bool {
    var digits = text
    var sign = "=="
    for candidate in ["==", "<=", ">=", "<", ">"] where text.hasPrefix(candidate) {
      sign = candidate
      digits = String(text.dropFirst(candidate.count))
      break
    }
    guard let number = Int(digits), digits.allSatisfy({ "0123456789".contains($0) }) else {
      return false
    }
    switch sign {
    case "<=": return memberCount <= number
    case ">=": return memberCount >= number
    case "<": return memberCount < number
    case ">": return memberCount > number
    default: return memberCount == number
    }
  }

  private func isScalar(_ value: JSON) -> Bool {
    switch value {
    case .null, .bool, .integer, .string: true
    case .double, .array, .object: false
    }
  }

  private func property(_ path: String) -> JSON? {
    var names = [""]
    var rest = path[...]
    while let character = rest.popFirst() {
      if character == "\\", let next = rest.first, next == "." || next == "\\" {
        names[names.count - 1].append(next)
        rest.removeFirst()
      } else if character == "." {
        names.append("")
      } else {
        names[names.count - 1].append(character)
      }
    }
    return names.reduce(event) { value, name in value?[name] }
  }
}

private func scalars(_ text: String) -> [Unicode.Scalar] {
  Array(text.lowercased().unicodeScalars)
}

func matchesWhole(_ pattern: String, _ text: String) -> Bool {
  matchesGlob(scalars(pattern)[...], scalars(text)[...])
}

/// Whether any part of the text between two boundaries of words matches.
func matchesWords(_ pattern: String, _ text: String) -> Bool {
  let (pattern, text) = (scalars(pattern), scalars(text))
  func isWord(_ scalar: Unicode.Scalar) -> Bool {
    "abcdefghijklmnopqrstuvwxyz0123456789_".unicodeScalars.contains(scalar)
  }
  func isBoundary(_ index: Int) -> Bool {
    index == 0 || index == text.count || !isWord(text[index - 1]) || !isWord(text[index])
  }
  for start in 0...text.count where isBoundary(start) {
    for end in start...text.count where isBoundary(end) {
      if matchesGlob(pattern[...], text[start..<end]) { return true }
    }
  }
  return false
}

private func matchesGlob(
  _ pattern: ArraySlice<Unicode.Scalar>, _ text: ArraySlice<Unicode.Scalar>
) -> Bool {
  guard let first = pattern.first else { return text.isEmpty }
  if first == "*" {
    return matchesGlob(pattern.dropFirst(), text)
      || (!text.isEmpty && matchesGlob(pattern, text.dropFirst()))
  }
  guard let next = text.first, first == "?" || first == next else { return false }
  return matchesGlob(pattern.dropFirst(), text.dropFirst())
}
