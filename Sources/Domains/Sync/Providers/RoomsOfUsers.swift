import MatrixIdentifiers
import Rooms

/// The rooms that some users are joined to, looked up when they are first asked for and kept in
/// step with the events from then on.
struct RoomsOfUsers: Sendable {
  /// Places of users in rooms that are remembered, about 100 bytes each.
  static let limit = 200_000

  private struct Entry {
    var rooms: Set<RoomID>
    var use: UInt64
  }

  private let limit: Int
  private var entries: [UserID: Entry] = [:]
  private(set) var count = 0
  private var uses: UInt64 = 0
  /// Users who are being looked up, and whether an event has come meanwhile that the look-up may
  /// not have seen.
  private var loading: [UserID: Bool] = [:]

  init(limit: Int = RoomsOfUsers.limit) {
    self.limit = limit
  }

  /// Nil when the user must be looked up.
  mutating func rooms(of user: UserID) -> Set<RoomID>? {
    uses += 1
    entries[user]?.use = uses
    return entries[user]?.rooms
  }

  mutating func apply(_ row: MembershipRow) {
    if loading[row.userID] != nil { loading[row.userID] = true }
    guard let before = entries[row.userID]?.rooms.count else { return }
    if row.membership == "join" {
      entries[row.userID]?.rooms.insert(row.roomID)
    } else {
      entries[row.userID]?.rooms.remove(row.roomID)
    }
    count += (entries[row.userID]?.rooms.count ?? 0) - before
  }

  mutating func beginLoading(_ users: some Sequence<UserID>) {
    for user in users { loading[user] = false }
  }

  /// Keeps what was found, but for users of whom it may be out of date.
  /// - Parameter found: users who are left out have no rooms; nil when the look-up failed.
  mutating func endLoading(_ users: some Sequence<UserID>, _ found: [UserID: Set<RoomID>]?) {
    for user in users where loading.removeValue(forKey: user) == false {
      guard let found else { continue }
      uses += 1
      count += (found[user]?.count ?? 0) - (entries[user]?.rooms.count ?? 0)
      entries[user] = Entry(rooms: found[user] ?? [], use: uses)
    }
    if count + entries.count > limit { forgetOldest() }
  }

  private mutating func forgetOldest() {
    for (user, entry) in entries.sorted(by: { $0.value.use < $1.value.use }) {
      guard count + entries.count > limit * 4 / 5 else { return }
      entries[user] = nil
      count -= entry.rooms.count
    }
  }
}
