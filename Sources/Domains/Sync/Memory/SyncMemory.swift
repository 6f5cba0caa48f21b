import Executors
import MatrixIdentifiers
import RoomEvents
import Rooms
import Streams
import Synchronization

/// What a worker remembers to answer /sync: rooms, who is in them, and who is waiting. The
/// stream changes it; readers see it whole, as of one position.
final class SyncMemory: Sendable {
  struct Limits: Sendable {
    /// State events held over all rooms, about 1.5 KB each.
    var state = 60_000
    /// Users whose rooms are held.
    var users = 20_000
    /// Rooms of all those users, about 350 bytes each.
    var memberships = 200_000
    /// Rooms of which it is known where their newest event is, about 150 bytes each.
    var recentRooms = 100_000
    /// What may arrive while one room or one user is loaded; past it the load is made again.
    var late = 10_000
  }

  struct State: Sendable {
    let limits: Limits
    var views: [RoomID: RoomView] = [:]
    var viewUse: [RoomID: UInt64] = [:]
    var stateCount = 0
    private(set) var users: [UserID: UserRooms] = [:]
    private(set) var membershipCount = 0
    var userUse: [UserID: UInt64] = [:]
    /// The remembered users that are joined to a room.
    var usersByRoom: [RoomID: Set<UserID>] = [:]
    var recentRooms: RecentRooms
    var waiters: [UserID: [ObjectIdentifier: Waiter<Bool>]] = [:]
    var loadingViews: [RoomID: Loading<StoredEvent>] = [:]
    var loadingUsers: [UserID: Loading<MembershipRow>] = [:]
    var uses: UInt64 = 0
    var isDraining = false

    init(limits: Limits) {
      self.limits = limits
      recentRooms = RecentRooms(limit: limits.recentRooms)
    }
  }

  /// What arrives while a room or a user is being loaded: the query may not see it yet. It is
  /// kept until the last of the loads that are under way has ended.
  struct Loading<Item: Sendable>: Sendable {
    var loads = 0
    var late: [Item] = []
    /// More arrived than is kept: what the loads bring cannot be used.
    private(set) var isIncomplete = false

    /// What is being loaded has changed in a way that does not arrive.
    mutating func spoil() {
      isIncomplete = true
    }

    mutating func note(_ item: Item, limit: Int) {
      guard late.count < limit else {
        isIncomplete = true
        return
      }
      late.append(item)
    }
  }

  private let state: Mutex<State>

  init(limits: Limits = Limits()) {
    state = Mutex(State(limits: limits))
  }

  func withState<Value>(_ body: (inout sending State) throws -> sending Value) rethrows -> Value {
    try state.withLock(body)
  }

  /// Brings the memory up to date with a batch of the stream. Called before the batch's
  /// position counts as reached.
  func apply(_ events: [StoredEvent]) {
    state.withLock { state in
      for stored in events where stored.event.isTold { state.apply(stored) }
    }
  }

  /// Wakes those whom the events concern. Called after the position has advanced.
  func wake(_ events: [StoredEvent]) {
    let woken = state.withLock { state in
      var users: Set<UserID> = []
      for stored in events where stored.event.isTold {
        users.formUnion(state.concerned(by: stored))
      }
      return users.flatMap { user in state.waiters[user].map { Array($0.values) } ?? [] }
    }
    for waiter in woken { waiter.resolve(true) }
  }

  /// Answers all who wait, now and from now on: the worker is stopping.
  func drain() {
    let all = state.withLock { state in
      state.isDraining = true
      return state.waiters.values.flatMap { Array($0.values) }
    }
    for waiter in all { waiter.resolve(false) }
  }
}

extension SyncMemory.State {
  fileprivate mutating func apply(_ stored: StoredEvent) {
    let room = stored.event.roomID
    recentRooms.note(
      room, RecentRooms.Position(writer: stored.writer, ordering: stored.streamOrdering))
    loadingViews[room]?.note(stored, limit: limits.late)
    if let before = views[room]?.state.count {
      views[room]?.apply(stored)
      stateCount += (views[room]?.state.count ?? 0) - before
    }
    guard let row = MembershipRow(stored) else { return }
    loadingUsers[row.userID]?.note(row, limit: limits.late)
    setMembership(row)
  }

  /// Records a membership of a remembered user.
  mutating func setMembership(_ row: MembershipRow) {
    guard let before = users[row.userID]?.memberships.count,
      users[row.userID]?.apply(row) == true
    else { return }
    membershipCount += (users[row.userID]?.memberships.count ?? 0) - before
    if row.membership == "join" {
      usersByRoom[row.roomID, default: []].insert(row.userID)
    } else {
      usersByRoom[row.roomID]?.remove(row.userID)
      if usersByRoom[row.roomID]?.isEmpty == true { usersByRoom[row.roomID] = nil }
    }
  }

  fileprivate func concerned(by stored: StoredEvent) -> Set<UserID> {
    var concerned = usersByRoom[stored.event.roomID] ?? []
    if stored.event.type == "m.room.member",
      let user = stored.event.stateKey.flatMap({ UserID($0) })
    {
      concerned.insert(user)
    }
    return concerned
  }

  mutating func install(_ view: RoomView, for room: RoomID) {
    guard loadingViews[room]?.isIncomplete != true else { return }
    var view = view
    for stored in loadingViews[room]?.late ?? [] { view.apply(stored) }
    uses += 1
    stateCount += view.state.count - (views[room]?.state.count ?? 0)
    views[room] = view
    viewUse[room] = uses
  }

  mutating func install(_ rooms: UserRooms, for user: UserID) {
    guard loadingUsers[user]?.isIncomplete != true else { return }
    uses += 1
    membershipCount += rooms.memberships.count - (users[user]?.memberships.count ?? 0)
    users[user] = rooms
    userUse[user] = uses
    for row in rooms.memberships.values where row.membership == "join" {
      usersByRoom[row.roomID, default: []].insert(user)
    }
    for row in loadingUsers[user]?.late ?? [] { setMembership(row) }
  }

  mutating func beginLoading(_ rooms: [RoomID]) {
    for room in rooms { loadingViews[room, default: .init()].loads += 1 }
  }

  mutating func endLoading(_ rooms: [RoomID]) {
    for room in rooms {
      loadingViews[room]?.loads -= 1
      if loadingViews[room]?.loads == 0 { loadingViews[room] = nil }
    }
  }

  mutating func beginLoading(_ user: UserID) {
    loadingUsers[user, default: .init()].loads += 1
  }

  mutating func endLoading(_ user: UserID) {
    loadingUsers[user]?.loads -= 1
    if loadingUsers[user]?.loads == 0 { loadingUsers[user] = nil }
  }

  /// Lets go of the rooms used longest ago while there is more than the limit allows.
  /// - Parameter kept: stay in any case.
  mutating func evictViews(keeping kept: Set<RoomID>) {
    guard stateCount > limits.state else { return }
    for (room, _) in viewUse.sorted(by: { $0.value < $1.value }) where !kept.contains(room) {
      guard stateCount > limits.state * 4 / 5 else { break }
      stateCount -= views.removeValue(forKey: room)?.state.count ?? 0
      viewUse[room] = nil
    }
  }

  /// The same with users. Who waits stays, as nothing else would wake them.
  mutating func evictUsers(keeping kept: UserID) {
    guard users.count > limits.users || membershipCount > limits.memberships else { return }
    for (user, _) in userUse.sorted(by: { $0.value < $1.value })
    where waiters[user] == nil && user != kept {
      guard
        users.count > limits.users * 4 / 5 || membershipCount > limits.memberships * 4 / 5
      else { break }
      remove(user)
    }
  }

  /// Lets go of rooms, and of the users who remember them; of everything when it is not known what
  /// has changed.
  mutating func forget(_ rooms: Set<RoomID>?) {
    for room in rooms ?? Set(views.keys) {
      stateCount -= views.removeValue(forKey: room)?.state.count ?? 0
      viewUse[room] = nil
    }
    for (room, _) in loadingViews where rooms?.contains(room) ?? true {
      loadingViews[room]?.spoil()
    }
    let stale = users.filter { _, known in
      rooms.map { !$0.isDisjoint(with: known.memberships.keys) } ?? true
    }
    for user in stale.keys {
      remove(user)
      for waiter in (waiters[user] ?? [:]).values { waiter.resolve(true) }
    }
    for user in loadingUsers.keys { loadingUsers[user]?.spoil() }
  }

  private mutating func remove(_ user: UserID) {
    userUse[user] = nil
    guard let rooms = users.removeValue(forKey: user) else { return }
    membershipCount -= rooms.memberships.count
    for room in rooms.memberships.keys {
      usersByRoom[room]?.remove(user)
      if usersByRoom[room]?.isEmpty == true { usersByRoom[room] = nil }
    }
  }
}
