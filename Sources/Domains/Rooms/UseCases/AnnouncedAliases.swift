import MatrixIdentifiers
import MatrixJSON

/// The names of a room that an `m.room.canonical_alias` event announces.
/// spec: client-server-api#mroomcanonical_alias
struct AnnouncedAliases {
  private let main: RoomAlias?
  private let alternatives: [RoomAlias]

  init(_ content: JSONView) throws(RoomError) {
    main = try Self.main(content)
    var names: [RoomAlias] = []
    if let list = content["alt_aliases"] {
      guard list.kind == .array else { throw .invalid("alt_aliases") }
      for element in list.elements {
        guard let name = element.string else { throw .invalid("alt_aliases") }
        guard let alias = RoomAlias(name) else { throw .invalid("alias") }
        names.append(alias)
      }
    }
    alternatives = names
  }

  private static func main(_ content: JSONView) throws(RoomError) -> RoomAlias? {
    guard let value = content["alias"], !value.isNull else { return nil }
    guard let name = value.string else { throw .invalid("alias") }
    guard !name.isEmpty else { return nil }
    guard let alias = RoomAlias(name) else { throw .invalid("alias") }
    return alias
  }

  var isEmpty: Bool {
    main == nil && alternatives.isEmpty
  }

  /// The names that have a place which they did not have before, each once, in their order.
  func added(to earlier: AnnouncedAliases?) -> [RoomAlias] {
    var seen = Set(earlier?.alternatives ?? [])
    var added = alternatives.filter { seen.insert($0).inserted }
    if let main, main != earlier?.main, !added.contains(main) { added.insert(main, at: 0) }
    return added
  }
}
