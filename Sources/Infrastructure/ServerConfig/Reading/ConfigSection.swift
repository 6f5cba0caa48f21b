/// A mapping of the configuration while it is read: typed access that turns every wrong type
/// into a problem with its line, and remembers which keys were asked for, so that the others
/// can be reported as unknown.
final class ConfigSection {
  /// Path of the section in the document, empty for the top level.
  let path: String
  let location: SourceLocation?
  let problems: ProblemList
  private var members: [String: YAMLNode.Member] = [:]
  private var order: [String] = []
  private(set) var asked: Set<String> = []

  init(_ members: [YAMLNode.Member], path: String, at: SourceLocation?, problems: ProblemList) {
    self.path = path
    self.location = at
    self.problems = problems
    for member in members {
      if let earlier = self.members.updateValue(member, forKey: member.key) {
        problems.warning(
          name(member.key), at: member.location,
          "The key is already there at \(earlier.location); the later one counts.",
          fix: "remove one of the two")
      } else {
        order.append(member.key)
      }
    }
  }

  var keys: [String] { order }

  func name(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

  /// Nil when the key is absent or has no value.
  func node(_ key: String) -> YAMLNode? {
    asked.insert(key)
    guard let node = members[key]?.value, !node.isNull else { return nil }
    return node
  }

  func has(_ key: String) -> Bool { node(key) != nil }

  func location(of key: String) -> SourceLocation? { members[key]?.location }

  /// Keys that are understood but change nothing here.
  func accept(_ keys: some Sequence<String>) { asked.formUnion(keys) }

  func wrongType(_ key: String, _ node: YAMLNode, expected: String) {
    problems.error(
      name(key), at: node.location, "This must be \(expected), but is \(node.kindName).",
      fix: "write \(expected) there")
  }

  /// Reports the keys of features that are missing, where they are switched on.
  func reportNotOffered(_ keys: [String]) {
    for key in keys {
      guard let node = node(key), !node.isOff else { continue }
      problems.warning(
        name(key), at: node.location, "Apus does not offer this, so the key has no effect.",
        fix: "remove it, and do not rely on it")
    }
  }

  /// Reports the keys that nothing asked for.
  func reportUnknown(besides known: Set<String> = []) {
    let all = asked.union(known)
    for key in order where !all.contains(key) {
      let hint = Suggestion.hint(for: key, among: all.subtracting(order))
      problems.warning(
        name(key), at: location(of: key), "The key is not known and has no effect.",
        fix: hint ?? "remove it, or check its spelling")
    }
  }
}

extension ConfigSection {
  /// The mapping under a key; an empty one when there is none.
  func section(_ key: String) -> ConfigSection {
    optionalSection(key)
      ?? ConfigSection([], path: name(key), at: location(of: key), problems: problems)
  }

  func optionalSection(_ key: String) -> ConfigSection? {
    guard let node = node(key) else { return nil }
    guard let members = node.members else {
      wrongType(key, node, expected: "a mapping")
      return nil
    }
    return ConfigSection(members, path: name(key), at: node.location, problems: problems)
  }

  /// The mappings of a list.
  func sections(_ key: String) -> [ConfigSection] {
    guard let node = node(key) else { return [] }
    guard let elements = node.elements else {
      wrongType(key, node, expected: "a list")
      return []
    }
    return elements.enumerated().compactMap { index, element in
      let path = "\(name(key))[\(index)]"
      guard let members = element.members else {
        wrongType("\(key)[\(index)]", element, expected: "a mapping")
        return nil
      }
      return ConfigSection(members, path: path, at: element.location, problems: problems)
    }
  }
}
