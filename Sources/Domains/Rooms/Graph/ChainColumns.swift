import Postgres
import RoomEvents

/// The columns of `events` that make up the index of auth chains.
///
/// The first of a chain needs no entry: the chain goes by its number, and whether it is one shows
/// in its type. In a room whose members mostly come once that is nearly all of the index.
struct ChainColumns {
  /// Of an event that is not the first of its chain.
  let place: Int64?
  let link: Int64?
  let secondLink: Int64?
  let moreLinks: [Int64]
  /// Whether the event took the place of another one than that before it in its chain.
  let replacesOther: Bool

  /// - Parameter replaces: the number of the event whose place it took.
  init(_ node: ChainNode?, replaces: Int64?) {
    place = node?.position.flatMap { $0.sequence > 1 ? $0.raw : nil }
    let links = node?.links ?? []
    link = links.first
    secondLink = links.dropFirst().first
    moreLinks = Array(links.dropFirst(2))
    replacesOther = place != nil && replaces != nil && node?.predecessor != replaces
  }

  // MARK: SQL

  /// The place of a state event that others may cite, as `ChainPosition.raw`.
  static func place(_ row: String) -> String {
    "coalesce(\(row).chain_place, \(row).stream_ordering << \(ChainPosition.sequenceBits))"
  }

  /// The first place of such an event's chain.
  static func chain(_ row: String) -> String {
    let bits = ChainPosition.sequenceBits
    return "(\(place(row)) >> \(bits) << \(bits))"
  }

  /// The numbers of all that an event cites: an array without NULLs.
  static func links(_ row: String? = nil) -> String {
    let row = row.map { $0 + "." } ?? ""
    return """
      array_remove(ARRAY[\(row)auth_link, \(row)second_auth_link] || \(row)more_auth_links, NULL)
      """
  }

  /// Of which events there is an index of `links`.
  static let hasLinks = "auth_link IS NOT NULL"

  /// The events of one chain between two places, without its first.
  static func events(from first: String, to last: String) -> String {
    // With an OFFSET, lest the range is taken for a third of all events and these are read.
    "(SELECT * FROM events WHERE chain_place >= \(first) AND chain_place <= \(last) OFFSET 0)"
  }

  /// Whether `row` comes after `before` in the chain of that.
  static func isNext(_ row: String, after before: String) -> String {
    "\(row).chain_place = \(place(before)) + 1"
  }

  /// Whether what took an event's place is not found by `isNext`. Of these there is an index of
  /// `replaces`.
  static func replacesOther(_ row: String? = nil) -> String {
    let row = row.map { $0 + "." } ?? ""
    return "(\(row)chain_place IS NULL OR \(row)replaces_other)"
  }

  /// What `node` reads of a state event.
  static func node(_ row: String) -> String {
    """
    \(place(row)), \(links(row)),
      NOT EXISTS (SELECT FROM events n WHERE \(isNext("n", after: row)))
    """
  }

  // MARK: Rows

  /// - Parameter place: of any state event.
  static func position(_ place: Int64?, type: String) -> ChainPosition? {
    ChainNode.isCitable(type) ? place.map { ChainPosition(raw: $0) } : nil
  }

  /// - Parameter first: the first of the columns.
  static func node(
    _ rows: Rows, _ row: Int, from first: Int, _ number: Int64, _ key: StateTuple
  ) -> ChainNode {
    ChainNode(
      number: number, key: key, position: position(rows.int(row, first), type: key.type),
      isEnd: rows.bool(row, first + 2) ?? true, links: rows.ints(row, first + 1) ?? [])
  }
}
