import RoomEvents
import Rooms

/// Which events of a stretch of history an answer tells.
struct TimelineCut: Sendable {
  /// Oldest first.
  private(set) var kept: [StoredEvent]
  /// The first of the stretch's indices that the answer covers.
  private(set) var start: Int
  /// Whether events that are to be told lie before `start`, or may.
  private(set) var isLimited: Bool
  /// Whether all that the client wants at once was found.
  private(set) var isFull: Bool
  /// The last events of some places of the state, where they are in the stretch and left out.
  private(set) var dropped: [StateTuple: StoredEvent] = [:]

  /// The newest events.
  /// - Parameter isOpen: whether there are events before the stretch that the client lacks.
  init<Stretch: RandomAccessCollection<StoredEvent>>(
    newest limit: Int, of stretch: Stretch, isOpen: Bool
  ) where Stretch.Index == Int {
    start = stretch.endIndex - min(stretch.count, limit)
    kept = Array(stretch[start...])
    isLimited = stretch.count > limit || isOpen
    isFull = stretch.count >= limit
  }

  /// The newest of the events that `request` admits. State that is left out is noted, so that
  /// it can be told beside the timeline: the client applies that before the timeline, so no
  /// older event of the same place may be left in there.
  init<Stretch: RandomAccessCollection<StoredEvent>>(
    choosing request: SliceRequest, from stretch: Stretch, isOpen: Bool
  ) where Stretch.Index == Int {
    kept = []
    isFull = false
    isLimited = isOpen
    start = stretch.startIndex
    var settled: Set<StateTuple> = []
    var oldestKept = stretch.endIndex
    for index in stretch.indices.reversed() {
      let stored = stretch[index]
      let key = stored.key
      if request.tells(stored) {
        let later = request.tellsStateAfter ? nil : key.flatMap { dropped[$0] }
        if kept.count == request.limit || later.map(request.state.matches) ?? false {
          (isFull, isLimited) = (true, true)
          break
        }
        kept.append(stored)
        oldestKept = index
        if let key { settled.insert(key) }
      } else if let key, !settled.contains(key), dropped[key] == nil {
        dropped[key] = stored
      }
    }
    if kept.count == request.limit { isFull = true }
    if isLimited { start = oldestKept }
    kept.reverse()
  }
}
