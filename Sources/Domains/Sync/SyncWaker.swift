import Executors
package import MatrixIdentifiers

/// Wakes waiting requests when a stream beside events has news. Called after the stream's
/// position has advanced.
package struct SyncWaker: Sendable {
  let memory: SyncMemory

  package func wake(users: some Sequence<UserID>) {
    let woken = memory.withState { state in
      users.flatMap { user in state.waiters[user].map { Array($0.values) } ?? [] }
    }
    for waiter in woken { waiter.resolve(true) }
  }

  /// Wakes the waiting members of rooms.
  package func wake(rooms: some Sequence<RoomID>) {
    let members = memory.withState { state in
      rooms.reduce(into: Set<UserID>()) { $0.formUnion(state.usersByRoom[$1] ?? []) }
    }
    wake(users: members)
  }
}
