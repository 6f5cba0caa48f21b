/// A mistake in the table of routes.
package enum RouterError: Error, Sendable, Equatable, CustomStringConvertible {
  case duplicate(method: String, pattern: String, ids: [String])
  case badPattern(String)

  package var description: String {
    switch self {
    case .duplicate(let method, let pattern, let ids):
      "\(method) \(pattern) is registered twice: \(ids.joined(separator: " and "))"
    case .badPattern(let pattern):
      "\(pattern) is no pattern: it must begin with / and name each parameter once"
    }
  }
}

/// Finds the route of a path: a tree of segments in which a literal goes before a parameter.
package struct Router: Sendable {
  /// Paths with more segments are unknown without a look at the tree.
  static let maximumSegments = 32

  package enum Match: Sendable {
    case found(Route, parameters: [(name: String, value: String)])
    case wrongMethod(allowed: [HTTPMethod])
    case unknown
    /// A segment that does not decode.
    case malformed
  }

  struct Endpoint: Sendable {
    let route: Int
    let names: [String]
  }

  private struct Node: Sendable {
    var literals: [String: Int] = [:]
    var parameter: Int?
    var endpoints: [(method: HTTPMethod, endpoint: Endpoint)] = []
  }

  enum Found {
    case endpoint(Int, PathParameters)
    case wrongMethod([HTTPMethod])
    case unknown
    case malformed
  }

  package let routes: [Route]
  private var nodes: [Node] = [Node()]

  package init(_ routes: [Route]) throws(RouterError) {
    self.routes = routes
    for (index, route) in routes.enumerated() {
      for pattern in route.patterns {
        try add(pattern, method: route.method, route: index)
      }
    }
  }

  package func match(method: HTTPMethod, path: String) -> Match {
    switch find(method: method, path: path) {
    case .endpoint(let index, let parameters):
      .found(routes[index], parameters: parameters.all)
    case .wrongMethod(let allowed): .wrongMethod(allowed: allowed)
    case .unknown: .unknown
    case .malformed: .malformed
    }
  }

  private mutating func add(
    _ pattern: String, method: HTTPMethod, route: Int
  ) throws(RouterError) {
    guard pattern.hasPrefix("/") else { throw .badPattern(pattern) }
    var node = 0
    var names: [String] = []
    let segments = pattern.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
    for segment in segments {
      if segment.hasPrefix("{"), segment.hasSuffix("}") {
        let name = String(segment.dropFirst().dropLast())
        guard !name.isEmpty, !names.contains(name) else { throw .badPattern(pattern) }
        names.append(name)
        node = nodes[node].parameter ?? grow { tree, new in tree[node].parameter = new }
      } else {
        let literal = String(segment)
        node =
          nodes[node].literals[literal]
          ?? grow { tree, new in tree[node].literals[literal] = new }
      }
    }
    if let other = nodes[node].endpoints.first(where: { $0.method == method }) {
      let ids = [routes[other.endpoint.route].id, routes[route].id]
      throw .duplicate(method: method.rawValue, pattern: pattern, ids: ids)
    }
    nodes[node].endpoints.append((method, Endpoint(route: route, names: names)))
  }

  private mutating func grow(_ link: (inout [Node], Int) -> Void) -> Int {
    nodes.append(Node())
    let new = nodes.count - 1
    link(&nodes, new)
    return new
  }

  /// - Parameter method: nil stands for a method that no route has.
  func find(method: HTTPMethod?, path: String) -> Found {
    guard let segments = Self.segments(of: path) else { return .malformed }
    guard !segments.isEmpty, segments.count <= Self.maximumSegments else { return .unknown }
    var search = Search(method: method, segments: segments)
    descend(from: 0, at: 0, &search)
    if let (endpoint, values) = search.found {
      return .endpoint(endpoint.route, PathParameters(names: endpoint.names, values: values))
    }
    return search.allowed.isEmpty ? .unknown : .wrongMethod(search.allowed)
  }

  private struct Search {
    let method: HTTPMethod?
    let segments: [String]
    var values: [String] = []
    var allowed: [HTTPMethod] = []
    var found: (Endpoint, [String])?
  }

  /// Visits each node at most once, as a path has one way to a node.
  private func descend(from node: Int, at depth: Int, _ search: inout Search) {
    guard depth < search.segments.count else {
      return settle(nodes[node].endpoints, &search)
    }
    let segment = search.segments[depth]
    if let next = nodes[node].literals[segment] {
      descend(from: next, at: depth + 1, &search)
    }
    if search.found == nil, let next = nodes[node].parameter {
      search.values.append(segment)
      descend(from: next, at: depth + 1, &search)
      search.values.removeLast()
    }
  }

  private func settle(
    _ endpoints: [(method: HTTPMethod, endpoint: Endpoint)], _ search: inout Search
  ) {
    let exact = endpoints.first { $0.method == search.method }
    // A GET route serves HEAD too.
    let fallback = search.method == .head ? endpoints.first { $0.method == .get } : nil
    if let (_, endpoint) = exact ?? fallback {
      search.found = (endpoint, search.values)
    } else {
      let methods = endpoints.map(\.method).filter { !search.allowed.contains($0) }
      search.allowed += methods
    }
  }

  /// Splits before decoding, so that an encoded slash stays inside its segment.
  /// Nil when a segment does not decode; empty when the path does not begin with a slash.
  private static func segments(of path: String) -> [String]? {
    let result: [String]?? = path.utf8.withContiguousStorageIfAvailable { utf8 in
      let bytes = UnsafeRawBufferPointer(utf8)
      guard bytes.first == UInt8(ascii: "/") else { return [] }
      var segments: [String] = []
      segments.reserveCapacity(8)
      var start = 1
      while start <= bytes.count, segments.count <= maximumSegments {
        let rest = UnsafeRawBufferPointer(rebasing: bytes[start...])
        let length = rest.firstIndex(of: UInt8(ascii: "/")) ?? rest.count
        let segment = UnsafeRawBufferPointer(rebasing: rest[..<length])
        guard let text = PercentEncoding.decode(segment, plusIsSpace: false) else { return nil }
        segments.append(text)
        start += length + 1
      }
      return segments
    }
    return result ?? nil
  }
}
