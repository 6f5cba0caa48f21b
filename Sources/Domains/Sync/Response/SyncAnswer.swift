import MatrixIdentifiers
import Rooms

/// All that one answer tells.
struct SyncAnswer {
  var plan: Plan
  var news: SyncNews
  var unread: [RoomID: UnreadCounts] = [:]
  var keys = KeyCounts()

  /// Rooms with events, and rooms with nothing but other news.
  var joinedRooms: [RoomID] {
    let told = Set(plan.joined.map(\.0))
    return plan.joined.map(\.0) + news.rooms.keys.filter { !told.contains($0) && isJoined($0) }
  }

  private func isJoined(_ room: RoomID) -> Bool {
    plan.memberships.memberships[room]?.membership == "join"
  }
}
