import MatrixIdentifiers
import MatrixJSON

/// A change of a user's rules on its way to the owner of the stream.
struct RulesetCall: Sendable {
  let user: UserID
  let change: PushRulesetChange

  struct Malformed: Error {}

  private enum Word: String {
    case put, delete, enable, actions
  }

  var encoded: [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    switch change {
    case .put(let kind, let id, let draft, let place):
      Self.write(.put, kind, id, to: &writer)
      writer.key("draft")
      draft.write(to: &writer)
      switch place {
      case .unchanged: break
      case .before(let other):
        writer.key("before")
        writer.string(other)
      case .after(let other):
        writer.key("after")
        writer.string(other)
      }
    case .delete(let kind, let id):
      Self.write(.delete, kind, id, to: &writer)
    case .setEnabled(let kind, let id, let isEnabled):
      Self.write(.enable, kind, id, to: &writer)
      writer.key("enabled")
      writer.bool(isEnabled)
    case .setActions(let kind, let id, let actions):
      Self.write(.actions, kind, id, to: &writer)
      writer.key("actions")
      writer.raw(actions.json)
    }
    writer.key("user")
    writer.string(user.text)
    writer.endObject()
    return writer.bytes
  }

  private static func write(
    _ word: Word, _ kind: PushRuleKind, _ id: String, to writer: inout JSONWriter
  ) {
    writer.key("change")
    writer.string(word.rawValue)
    writer.key("kind")
    writer.string(kind.rawValue)
    writer.key("id")
    writer.string(id)
  }
}

extension RulesetCall {
  init(_ json: JSONView) throws {
    guard let user = json["user"]?.string.flatMap({ UserID($0) }),
      let word = json["change"]?.string.flatMap({ Word(rawValue: $0) }),
      let kind = json["kind"]?.string.flatMap({ PushRuleKind(rawValue: $0) }),
      let id = json["id"]?.string
    else { throw Malformed() }
    self.user = user
    switch word {
    case .put:
      guard let draft = json["draft"] else { throw Malformed() }
      let place =
        json["before"]?.string.map { RulePlace.before($0) }
        ?? json["after"]?.string.map { .after($0) } ?? .unchanged
      change = .put(kind, id: id, try RuleDraft(draft, kind: kind), place)
    case .delete:
      change = .delete(kind, id: id)
    case .enable:
      guard let isEnabled = json["enabled"]?.bool else { throw Malformed() }
      change = .setEnabled(kind, id: id, isEnabled)
    case .actions:
      guard let actions = json["actions"] else { throw Malformed() }
      change = .setActions(kind, id: id, try PushActionList(actions))
    }
  }
}

extension RuleDraft {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.key("actions")
    writer.raw(actions.json)
    if !conditions.isEmpty {
      writer.key("conditions")
      writer.raw(conditions)
    }
    if let pattern {
      writer.key("pattern")
      writer.string(pattern)
    }
    writer.endObject()
  }
}
