import Executors
import MatrixIdentifiers

extension EventWriter.Waiting {
  var isClosing: Bool {
    if case .close = self { true } else { false }
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
