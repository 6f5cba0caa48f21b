/// Bounds on one configuration file.
package struct YAMLLimits: Sendable {
  package var bytes = 4 * 1024 * 1024
  package var depth = 64
  /// Counted after aliases are expanded, so that a few lines cannot become gigabytes.
  package var nodes = 200_000

  package init() {}
}

/// Reads one YAML document (or JSON, which is YAML) into a tree.
package enum YAMLParser {
  package static func parse(
    _ bytes: [UInt8], file: String, limits: YAMLLimits = YAMLLimits()
  ) throws(YAMLError) -> YAMLNode {
    let start = SourceLocation(file: file, line: 1)
    guard bytes.count <= limits.bytes else {
      throw YAMLError(location: start, reason: "larger than \(limits.bytes) bytes")
    }
    guard !bytes.isEmpty else { return YAMLNode(value: .null, location: start) }
    return try bytes.withUnsafeBufferPointer { (buffer) throws(YAMLError) -> YAMLNode in
      var builder = YAMLTreeBuilder(
        source: try YAMLEventSource(buffer, file: file), limits: limits, start: start)
      return try builder.document()
    }
  }
}

private struct YAMLTreeBuilder: ~Copyable {
  private static let coreTags = "tag:yaml.org,2002:"

  private let source: YAMLEventSource
  private let limits: YAMLLimits
  private let start: SourceLocation
  private var anchors: [String: (node: YAMLNode, weight: Int)] = [:]
  private var count = 0

  init(source: consuming YAMLEventSource, limits: YAMLLimits, start: SourceLocation) {
    self.source = source
    self.limits = limits
    self.start = start
  }

  mutating func document() throws(YAMLError) -> YAMLNode {
    var root: YAMLNode?
    while true {
      let event = try source.next()
      switch event.kind {
      case .streamEnd: return root ?? YAMLNode(value: .null, location: start)
      case .start, .documentEnd: continue
      case .documentStart:
        guard root == nil else {
          throw YAMLError(location: event.location, reason: "a second document in one file")
        }
        root = try node(try source.next(), depth: 0)
      default:
        throw YAMLError(location: event.location, reason: "unexpected content")
      }
    }
  }

  private mutating func node(_ event: YAMLEvent, depth: Int) throws(YAMLError) -> YAMLNode {
    let before = count
    try add(1, at: event.location)
    guard depth <= limits.depth else {
      throw YAMLError(
        location: event.location, reason: "nested deeper than \(limits.depth) levels")
    }
    let node: YAMLNode
    switch event.kind {
    case .scalar(let scalar):
      node = YAMLNode(
        value: try value(of: scalar, at: event.location), location: event.location)
    case .sequenceStart:
      node = YAMLNode(value: .sequence(try elements(depth: depth)), location: event.location)
    case .mappingStart:
      node = YAMLNode(value: .mapping(try members(depth: depth)), location: event.location)
    case .alias(let name):
      guard let anchored = anchors[name] else {
        throw YAMLError(
          location: event.location, reason: "the alias *\(name)* has no anchor before it")
      }
      try add(anchored.weight, at: event.location)
      return YAMLNode(value: anchored.node.value, location: event.location)
    default:
      throw YAMLError(location: event.location, reason: "unexpected content")
    }
    if let anchor = event.anchor { anchors[anchor] = (node, count - before) }
    return node
  }

  private mutating func elements(depth: Int) throws(YAMLError) -> [YAMLNode] {
    var elements: [YAMLNode] = []
    while true {
      let event = try source.next()
      if case .sequenceEnd = event.kind { return elements }
      elements.append(try node(event, depth: depth + 1))
    }
  }

  private mutating func members(depth: Int) throws(YAMLError) -> [YAMLNode.Member] {
    var members: [YAMLNode.Member] = []
    var inherited: [YAMLNode.Member] = []
    while true {
      let event = try source.next()
      if case .mappingEnd = event.kind { break }
      guard case .scalar(let key) = event.kind else {
        throw YAMLError(location: event.location, reason: "a key that is not text")
      }
      let value = try node(try source.next(), depth: depth + 1)
      if key.isPlain, key.text == "<<" {
        inherited += try mergeSources(value)
      } else {
        members.append(YAMLNode.Member(key: key.text, location: event.location, value: value))
      }
    }
    var taken = Set(members.map(\.key))
    return inherited.reversed().filter { taken.insert($0.key).inserted } + members
  }

  /// The members that `<<` brings in; of a list of mappings the first has precedence, so it
  /// comes last.
  private func mergeSources(_ value: YAMLNode) throws(YAMLError) -> [YAMLNode.Member] {
    if let members = value.members { return members }
    guard let sources = value.elements, sources.allSatisfy({ $0.members != nil }) else {
      throw YAMLError(location: value.location, reason: "<< needs a mapping or a list of them")
    }
    return sources.reversed().flatMap { $0.members ?? [] }
  }

  private func value(
    of scalar: YAMLEvent.Scalar, at location: SourceLocation
  ) throws(YAMLError) -> YAMLNode.Value {
    if scalar.isPlain { return YAMLScalars.resolve(scalar.text) }
    guard let tag = scalar.tag, tag != "!" else { return .string(scalar.text) }
    let resolved = YAMLScalars.resolve(scalar.text)
    switch (tag, resolved) {
    case (Self.coreTags + "str", _): return .string(scalar.text)
    case (Self.coreTags + "int", .integer), (Self.coreTags + "bool", .bool),
      (Self.coreTags + "float", .double), (Self.coreTags + "null", .null):
      return resolved
    case (Self.coreTags + "float", .integer(let number)): return .double(Double(number))
    default: throw YAMLError(location: location, reason: "a tag that is not known: \(tag)")
    }
  }

  private mutating func add(_ nodes: Int, at location: SourceLocation) throws(YAMLError) {
    count += nodes
    guard count <= limits.nodes else {
      throw YAMLError(location: location, reason: "more than \(limits.nodes) values")
    }
  }
}
