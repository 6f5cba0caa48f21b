import Executors
import MatrixIdentifiers

extension EventWriter.Waiting {
  var isClosing: Bool {
    if case .close = self { true } else { false }
  }

  /// Events of other servers; at least one for a request that is about such.
  var receivedCount: Int {
    if case .receive(let request, _) = self { max(1, request.events.count) } else { 0 }
  }

  var roomID: RoomID {
    switch self {
    case .close(let room, _): room
    case .persist(let request, _): request.roomID
    case .receive(let request, _): request.roomID
    }
  }

  func refuse(_ error: PersistError) {
    switch self {
    case .close(_, let answer): answer.resolve(.failure(error))
    case .persist(_, let answer): answer.resolve(.failure(error))
    case .receive(_, let answer): answer.resolve(.failure(error))
    }
  }
}

/// What one commit takes in hand.
struct WriterBatch: Sendable {
  let waiting: [EventWriter.Waiting]

  var requests: [PersistRequest] {
    waiting.compactMap { if case .persist(let request, _) = $0 { request } else { nil } }
  }

  var received: [ReceiveRequest] {
    waiting.compactMap { if case .receive(let request, _) = $0 { request } else { nil } }
  }

  /// - Parameter queue: not empty, and not closing a room first.
  static func first(of queue: some Sequence<EventWriter.Waiting>, limit: Int) -> WriterBatch {
    var waiting: [EventWriter.Waiting] = []
    var received = 0
    for one in queue {
      received += one.receivedCount
      let isFull = waiting.count == limit || received > ReceiveRequest.eventLimit
      if one.isClosing || isFull && !waiting.isEmpty { break }
      waiting.append(one)
    }
    return WriterBatch(waiting: waiting)
  }

  /// Whether there are events of other servers besides other requests.
  var isMixed: Bool { waiting.count > 1 && !received.isEmpty }

  /// What users sent together, and each of the others by itself.
  var parts: [WriterBatch] {
    let own = waiting.filter { $0.receivedCount == 0 }
    let others = waiting.filter { $0.receivedCount > 0 }.map { WriterBatch(waiting: [$0]) }
    return (own.isEmpty ? [] : [WriterBatch(waiting: own)]) + others
  }

  var rooms: Set<RoomID> { Set(waiting.lazy.map(\.roomID)) }

  /// - Parameters: in the order of `requests` and `received`.
  func resolve(
    _ persisted: [Result<[PersistedEvent], PersistError>], _ received: [[ReceiveOutcome]]
  ) {
    var (persisted, received) = (persisted[...], received[...])
    for one in waiting {
      switch one {
      case .close: break  // closed one at a time, never in a batch
      case .persist(_, let answer):
        if let result = persisted.popFirst() { answer.resolve(result) }
      case .receive(_, let answer):
        if let outcomes = received.popFirst() { answer.resolve(.success(outcomes)) }
      }
    }
  }
}
