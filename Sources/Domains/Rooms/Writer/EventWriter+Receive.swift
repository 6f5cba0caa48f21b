import EventAuth
import MatrixIdentifiers
import Postgres
import PushRules
import RoomEvents
import Streams

/// What events of other servers come to within one commit.
struct InboundDraft: Sendable {
  var outcomes: [[ReceiveOutcome]] = []
  /// In the order of their positions.
  var news: [InboundNews] = []
  /// Rooms whose state changed in another way than event by event.
  var meetings: Set<RoomID> = []
}

extension EventWriter {
  /// Takes the events in, one after the other, within the transaction. Whatever is thrown ends it.
  func receive(
    _ requests: [ReceiveRequest], now: Int64, in transaction: Transaction
  ) async throws -> InboundDraft {
    var draft = InboundDraft()
    guard !requests.isEmpty else { return draft }
    _ = try await transaction.queryAll([lease.fence()])
    for request in requests {
      var outcomes: [ReceiveOutcome] = []
      let needed = request.events.count * InboundRoom.numbersPerEvent
      let numbers = try await transaction.queryAll([WriterStore.orderingsQuery(needed)])
      var room = try await inboundRoom(
        request, numbers: Self.numbers(numbers[0])[...], now: now, in: transaction)
      for event in request.events { outcomes.append(try await room.receive(event)) }
      try await finish(&room, &draft, in: transaction)
      draft.outcomes.append(outcomes)
    }
    return draft
  }

  private static func numbers(_ rows: Rows) -> [Int64] {
    (0..<rows.count).compactMap { rows.int($0, 0) }
  }

  /// The room as it is before the events; it is out of the cache until they are in.
  private func inboundRoom(
    _ request: ReceiveRequest, numbers: ArraySlice<Int64>, now: Int64,
    in transaction: Transaction
  ) async throws -> InboundRoom {
    if let head = heads.take(request.roomID) {
      return InboundRoom(
        head, isStored: true, numbers: numbers, writer: lease.writer, push: push, now: now,
        in: transaction)
    }
    var numbers = numbers
    let store = InboundStore(
      database: transaction, room: request.roomID, version: request.version)
    let known = try await store.unbegunRoom()
    let head =
      known
      ?? RoomHead(
        roomID: request.roomID, version: request.version, forwardExtremities: [], depth: 0,
        state: [:], cursor: StateCursor(room: numbers.popFirst() ?? 0, salt: .random()))
    return InboundRoom(
      head, isStored: known != nil, numbers: numbers, writer: lease.writer, push: push, now: now,
      in: transaction)
  }

  private func finish(
    _ room: inout InboundRoom, _ draft: inout InboundDraft, in transaction: Transaction
  ) async throws {
    let placed = room.told.map { PlacedEvent($0, in: room.head) }
    let queries =
      RelationBatch(placed).queries + PushActions.queries(for: placed.compactMap(\.push))
    if !queries.isEmpty { _ = try await transaction.queryAll(queries) }
    draft.news += room.told
    if room.hasMet { draft.meetings.insert(room.head.roomID) }
    if room.hasBegun { heads.insert(room.head) }
  }
}

extension PlacedEvent {
  /// As those look at it who care for what it says.
  fileprivate init(_ news: InboundNews, in head: RoomHead) {
    self.init(
      planned: PlannedEvent(
        number: news.position, event: news.event, replaced: news.replaced, edit: nil,
        changesAccess: false, transaction: nil, redaction: nil),
      place: GraphPlace(previous: [], node: nil), room: head.cursor.room, snapshot: nil,
      push: news.push)
  }
}

extension ReceiveRequest {
  /// What evaluating the events takes.
  func pushNeeds(isKnown: Bool) -> [PushNeeds] {
    events.lazy.filter { $0.kind == .live }.map(\.event).map { event in
      PushNeeds(
        room: roomID, isNew: !isKnown, sender: event.sender,
        target: event.type == EventType.member ? event.stateKey.flatMap { UserID($0) } : nil,
        relation: event.stateKey == nil ? EventRelation(content: event.content) : nil)
    }
  }
}
