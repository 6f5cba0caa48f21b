import MatrixIdentifiers
import Streams

/// Where the newest events of rooms are, so that a room in which nothing happened is passed over
/// without looking at it. A room that is not here has had no event after `horizon`.
struct RecentRooms: Sendable {
  struct Position: Sendable {
    let writer: WriterID
    let ordering: Int64
  }

  let limit: Int
  private(set) var horizon = VectorToken(minimum: 0)
  private var last: [RoomID: Position] = [:]

  init(limit: Int) {
    self.limit = limit
  }

  var count: Int { last.count }

  /// Events up to here are not going to be noted.
  mutating func begin(at position: VectorToken) {
    horizon = position
  }

  mutating func note(_ room: RoomID, _ position: Position) {
    last[room] = position
    if last.count > limit { forgetOldest() }
  }

  /// Whether the room has an event after `since`; nil when that is not known here.
  func hasNews(in room: RoomID, since: VectorToken) -> Bool? {
    if let position = last[room] { return !since.covers(position.writer, position.ordering) }
    return horizon.isCovered(by: since) ? false : nil
  }

  /// Makes room for a fifth of the limit; what is let go lies before the horizon then.
  private mutating func forgetOldest() {
    let orderings = last.values.map(\.ordering).sorted()
    let end = orderings[last.count - limit * 4 / 5]
    for (room, position) in last where position.ordering < end {
      horizon = horizon.advanced(position.writer, to: position.ordering)
      last[room] = nil
    }
  }
}
