import MatrixIdentifiers
import RoomEvents
import Rooms
import Streams

/// Where a user stands in every room that ever concerned the user.
struct UserRooms: Sendable {
  private(set) var memberships: [RoomID: MembershipRow]

  init(_ rows: [MembershipRow]) {
    memberships = Dictionary(
      rows.map { ($0.roomID, $0) },
      uniquingKeysWith: { $0.streamOrdering > $1.streamOrdering ? $0 : $1 })
  }

  /// The rooms that the user is in.
  var joined: [RoomID] {
    memberships.values.compactMap { $0.membership == Membership.join ? $0.roomID : nil }
  }

  /// True when the row was news.
  @discardableResult
  mutating func apply(_ row: MembershipRow) -> Bool {
    if let known = memberships[row.roomID], known.streamOrdering >= row.streamOrdering {
      return false
    }
    memberships[row.roomID] = row
    return true
  }
}
