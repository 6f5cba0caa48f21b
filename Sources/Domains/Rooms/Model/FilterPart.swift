import MatrixIdentifiers
package import MatrixJSON

/// An object within a filter, with its name, so that a value of the wrong kind can be named.
///
/// /sync reads a whole filter with it (`SyncFilter`). An endpoint that takes a `RoomEventFilter`,
/// as /messages and /context do, makes an `EventFilter` of the part that is the whole:
/// `EventFilter(FilterPart(json))`. It then asks `admits` once for the room, `matches` for every
/// event, takes the smaller one of `limit` and the query's, and looks at `lazyLoadsMembers`. Between
/// requests nothing is remembered there, so members that are redundant may be told again.
package struct FilterPart: Sendable {
  /// Entries of one list.
  package static let listLimit = 5_000

  private let json: JSONView
  private let name: String

  /// - Parameter name: where the object is in the filter; empty for the filter itself.
  package init(_ json: JSONView, named name: String = "") throws(EventFilter.Problem) {
    guard json.kind == .object else {
      throw .malformed(name.isEmpty ? "the filter" : name)
    }
    self.json = json
    self.name = name
  }

  package func part(_ key: String) throws(EventFilter.Problem) -> FilterPart? {
    guard let value = json[key] else { return nil }
    return try FilterPart(value, named: path(key))
  }

  package func flag(_ key: String) throws(EventFilter.Problem) -> Bool? {
    guard let value = json[key] else { return nil }
    guard let flag = value.bool else { throw .malformed(path(key)) }
    return flag
  }

  /// A number of things: an integer that is not negative.
  package func count(_ key: String) throws(EventFilter.Problem) -> Int? {
    guard let value = json[key] else { return nil }
    guard let count = value.integer, count >= 0 else { throw .malformed(path(key)) }
    return Int(count)
  }

  package func strings(_ key: String) throws(EventFilter.Problem) -> [String]? {
    guard let value = json[key] else { return nil }
    guard value.kind == .array else { throw .malformed(path(key)) }
    guard value.count <= Self.listLimit else { throw .tooLong(path(key)) }
    var strings: [String] = []
    for element in value.elements {
      guard let string = element.string else { throw .malformed(path(key)) }
      strings.append(string)
    }
    return strings
  }

  /// One of the words that are allowed here.
  package func word<Word: RawRepresentable<String>>(
    _ key: String
  ) throws(EventFilter.Problem) -> Word? {
    guard let value = json[key] else { return nil }
    guard let word = value.string.flatMap({ Word(rawValue: $0) }) else {
      throw .malformed(path(key))
    }
    return word
  }

  /// The properties of events that are wanted; nil for all, as an empty list would make events
  /// that nobody can use.
  package func fields(_ key: String) throws(EventFilter.Problem) -> EventFields? {
    guard let texts = try strings(key), !texts.isEmpty else { return nil }
    guard texts.count <= EventFields.pathLimit else { throw .tooLong(path(key)) }
    return EventFields(texts)
  }

  package func rooms(_ key: String) throws(EventFilter.Problem) -> Set<String>? {
    try ids(key) { RoomID($0) != nil }
  }

  func users(_ key: String) throws(EventFilter.Problem) -> Set<String>? {
    try ids(key) { UserID($0) != nil }
  }

  private func ids(
    _ key: String, _ isID: (String) -> Bool
  ) throws(EventFilter.Problem) -> Set<String>? {
    guard let texts = try strings(key) else { return nil }
    if let odd = texts.first(where: { !isID($0) }) { throw .notAnID(path(key), odd) }
    return Set(texts)
  }

  /// The name of a member, as clients are told of it.
  func path(_ key: String) -> String {
    name.isEmpty ? key : "\(name).\(key)"
  }
}
