/// Readers for single values. `read` leaves the default in place when the key is absent or
/// wrong, so that defaults stand once, at the property.
extension ConfigSection {
  func bool(_ key: String) -> Bool? {
    guard let node = node(key) else { return nil }
    if case .bool(let value) = node.value { return value }
    wrongType(key, node, expected: "true or false")
    return nil
  }

  func string(_ key: String) -> String? {
    guard let node = node(key) else { return nil }
    if let text = node.string { return text }
    wrongType(key, node, expected: "text")
    return nil
  }

  func integer(_ key: String, in range: ClosedRange<Int> = 0...Int.max) -> Int? {
    guard let node = node(key) else { return nil }
    guard case .integer(let value) = node.value else {
      wrongType(key, node, expected: "a whole number")
      return nil
    }
    guard let value = Int(exactly: value), range.contains(value) else {
      let bounds =
        range.upperBound == .max
        ? "at least \(range.lowerBound)" : "from \(range.lowerBound) to \(range.upperBound)"
      problems.error(
        name(key), at: node.location, "\(value) is out of range.", fix: "use a number \(bounds)")
      return nil
    }
    return value
  }

  /// Takes a number, or text that spells one, as Synapse's `float()` does (`1e6` is text in
  /// YAML 1.1).
  func double(_ key: String) -> Double? {
    guard let node = node(key) else { return nil }
    switch node.value {
    case .integer(let value): return Double(value)
    case .double(let value): return value
    case .string(let text):
      if let value = Double(text) { return value }
    default: break
    }
    wrongType(key, node, expected: "a number")
    return nil
  }

  /// A list of texts; one text stands for a list of one where `orSingle` is set.
  func strings(_ key: String, orSingle: Bool = false) -> [String]? {
    guard let node = node(key) else { return nil }
    if orSingle, let text = node.string { return [text] }
    guard let elements = node.elements else {
      wrongType(key, node, expected: orSingle ? "a name or a list of names" : "a list")
      return nil
    }
    return elements.enumerated().compactMap { index, element in
      if let text = element.string { return text }
      wrongType("\(key)[\(index)]", element, expected: "text")
      return nil
    }
  }

  func duration(_ key: String) -> Duration? {
    guard let node = node(key) else { return nil }
    switch node.value {
    case .integer(let value) where value >= 0: return .milliseconds(value)
    case .string(let text):
      if let value = Quantities.duration(text) { return value }
    default: break
    }
    wrongType(key, node, expected: "a duration such as 10s, 5m, 1h, 1d, 1w or 1y")
    return nil
  }

  /// Bytes.
  func size(_ key: String) -> Int64? {
    guard let node = node(key) else { return nil }
    switch node.value {
    case .integer(let value) where value >= 0: return value
    case .string(let text):
      if let value = Quantities.size(text) { return value }
    default: break
    }
    wrongType(key, node, expected: "a size such as 10K, 50M or 1G")
    return nil
  }

  /// A secret in the file itself (`key`) or in a file of its own (`key_path`).
  func secret(_ key: String, pathKey: String? = nil) -> String? {
    let pathKey = pathKey ?? "\(key)_path"
    let inline = string(key)
    guard let path = string(pathKey) else { return inline }
    if inline != nil {
      problems.error(
        name(key), name(pathKey), at: location(of: pathKey),
        "The secret is given twice: here and in a file.", fix: "keep `\(pathKey)` only")
      return nil
    }
    do throws(FileSystem.Failure) {
      let text = try FileSystem.readText(path).trimmingWhitespace()
      guard text.isEmpty else { return text }
      problems.error(
        name(pathKey), at: location(of: pathKey), "The file \(path) is empty.",
        fix: "write the secret into it")
      return nil
    } catch {
      problems.error(
        name(pathKey), at: location(of: pathKey),
        "The file \(error.path) cannot be read: \(error.reason).",
        fix: "create it with the secret in it, readable by the server's user only")
      return nil
    }
  }
}

extension ConfigSection {
  func read(_ key: String, into value: inout Bool) { value = bool(key) ?? value }
  func read(_ key: String, into value: inout String) { value = string(key) ?? value }
  func read(_ key: String, into value: inout String?) { value = string(key) ?? value }
  func read(_ key: String, into value: inout [String]) { value = strings(key) ?? value }
  func read(_ key: String, into value: inout Double) { value = double(key) ?? value }
  func read(_ key: String, into value: inout Duration) { value = duration(key) ?? value }
  func read(_ key: String, into value: inout Duration?) { value = duration(key) ?? value }

  func read(
    _ key: String, into value: inout Int, in range: ClosedRange<Int> = 0...Int.max
  ) { value = integer(key, in: range) ?? value }

  func readSize(_ key: String, into value: inout Int64) { value = size(key) ?? value }
}

extension String {
  func trimmingWhitespace() -> String {
    var rest = self[...]
    while rest.first?.isWhitespace == true { rest.removeFirst() }
    while rest.last?.isWhitespace == true { rest.removeLast() }
    return String(rest)
  }
}
