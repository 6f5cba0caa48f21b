package import Executors
package import MatrixIdentifiers
import RoomEvents
package import Rooms
package import Streams
import Synchronization

/// Lets requests wait for the next event of a room, whoever asks: those who are in it wait with
/// the engine.
package final class RoomWatch: Sendable {
  /// Requests that wait at once; more are answered without waiting.
  private static let limit = 10_000

  private struct State {
    var waiters: [RoomID: [ObjectIdentifier: Waiter<Bool>]] = [:]
    var count = 0
    var isDraining = false
  }

  /// One wait. The waiter is resolved with true by an event and with false by time.
  package struct Wait: Sendable {
    package let waiter: Waiter<Bool>
    fileprivate let room: RoomID
    fileprivate let alarm: LoopExecutor.Scheduled
  }

  private let executor: LoopExecutor
  private let state = Mutex(State())

  package init(reader: StreamReader<StoredEvent>, executor: LoopExecutor) {
    self.executor = executor
    reader.onWake { [weak self] batch in
      self?.wake(Set(batch.rows.lazy.map(\.row.event).filter(\.isTold).map(\.roomID)))
    }
  }

  /// To be begun before it is looked whether there is an event, so that none falls between.
  package func begin(_ room: RoomID, for duration: Duration) -> Wait {
    let waiter = Waiter<Bool>()
    let mayWait = state.withLock { state in
      guard state.count < Self.limit, !state.isDraining else { return false }
      state.waiters[room, default: [:]][ObjectIdentifier(waiter)] = waiter
      state.count += 1
      return true
    }
    if !mayWait { waiter.resolve(false) }
    return Wait(
      waiter: waiter, room: room,
      alarm: executor.schedule(after: max(duration, .zero)) { waiter.resolve(false) })
  }

  /// To be called once for each wait.
  package func end(_ wait: Wait) {
    wait.alarm.cancel()
    state.withLock { state in
      let known = state.waiters[wait.room]?.removeValue(forKey: ObjectIdentifier(wait.waiter))
      if known != nil { state.count -= 1 }
      if state.waiters[wait.room]?.isEmpty == true { state.waiters[wait.room] = nil }
    }
  }

  /// Answers everybody who waits, because the worker is stopping.
  package func drain() {
    let all = state.withLock { state in
      state.isDraining = true
      return state.waiters.values.flatMap { Array($0.values) }
    }
    for waiter in all { waiter.resolve(false) }
  }

  private func wake(_ rooms: Set<RoomID>) {
    let woken = state.withLock { state in
      guard state.count > 0 else { return [Waiter<Bool>]() }
      return rooms.flatMap { state.waiters[$0].map { Array($0.values) } ?? [] }
    }
    for waiter in woken { waiter.resolve(true) }
  }
}
